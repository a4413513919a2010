"""The output of the command line: tables on standard output, messages on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from aecore.format import printable

errors = Console(stderr=True, highlight=False)
"""Standard error."""


def print_message(line: str) -> None:
    """A line for the user on standard error."""
    errors.print(line, markup=False, soft_wrap=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output; columns are not truncated when it is piped."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    rendered = Table(*headings, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        rendered.add_row(*(printable(cell).replace("[", r"\[") for cell in row))
    console.print(rendered)
