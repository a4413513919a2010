"""How the command line speaks: tables on standard output, words and progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress as RichProgress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

_errors = Console(stderr=True, highlight=False)


def tell(line: str) -> None:
    """A line for the person, which no program reads."""
    _errors.print(line, markup=False, soft_wrap=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output; aligned with blanks, whole words, no cut columns when piped."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    shown = Table(*headings, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        shown.add_row(*(cell.replace("[", r"\[") for cell in row))
    console.print(shown)


class Progress:
    """A progress bar a stage, on standard error; without a terminal a line every tenth part."""

    def __init__(self) -> None:
        self.bar = RichProgress(
            TextColumn("{task.fields[stage]:<10}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=_errors,
            disable=not _errors.is_terminal,
        )
        self.stage = ""
        self.task = None
        self.tenth = -1

    def __enter__(self) -> Progress:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def __call__(self, stage: str, done: float, total: float, note: str) -> None:
        """Show that `done` of `total` of a stage is done; a total of 0 means that it is not known."""
        if not _errors.is_terminal:
            self._in_lines(stage, done, total, note)
            return
        if self.task is None or stage != self.stage:
            self.stage, self.task = stage, self.bar.add_task("", stage=stage, note=note, total=None)
        fields = {"note": note} if note else {}
        self.bar.update(self.task, completed=done, total=total or None, **fields)

    def _in_lines(self, stage: str, done: float, total: float, note: str) -> None:
        tenth = int(10 * done / total) if total else 0
        if stage != self.stage or tenth > self.tenth:
            tell(f"{stage}{f' {10 * tenth} %' if total else ''}{f', {note}' if note else ''}")
            self.stage, self.tenth = stage, tenth
