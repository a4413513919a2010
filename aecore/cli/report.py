"""The command that writes a report on runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aecore.cli.as_json import print_json
from aecore.cli.console import print_message
from aecore.cli.options import Json
from aecore.runs.store import Store

commands = typer.Typer()


@commands.command()
def report(
    run_names: Annotated[list[str], typer.Argument(metavar="RUN…", help="Runs: ids, unique prefixes, or paths.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write it to.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a report that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write a report on one or several runs: one HTML file that opens without a server, and LaTeX with its tables and
    figures."""
    from aecore.reports.handin import write_report  # plotly, and torch

    store = Store.default()
    found = [store.find(name) for name in run_names]
    paths = write_report(found, out, overwrite)
    if as_json:
        print_json({"runs": [run.id for run in found], "html": str(paths[0]), "latex": str(paths[1])})
    else:
        for path in paths:
            print_message(f"wrote {path}")
