"""Progress on standard error: bars on a terminal, else a line now and then."""

from __future__ import annotations

from types import TracebackType

from rich.progress import (
    BarColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as RichProgress,
)

from aecore.cli.console import errors, print_message


class Progress:
    """A progress bar for each stage, on standard error or in a notebook; elsewhere a line every ten per cent."""

    def __init__(self) -> None:
        self.drawn = errors.is_terminal or errors.is_jupyter
        self.bar = RichProgress(
            TextColumn("{task.fields[stage]:<10}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=errors,
            disable=not self.drawn,
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
        """Show that `done` of `total` of a stage is done; a total of 0 means that it is unknown."""
        if not self.drawn:
            self._in_lines(stage, done, total, note)
            return
        if self.task is None or stage != self.stage:
            self.stage, self.task = stage, self.bar.add_task("", stage=stage, note=note, total=None)
        self.bar.update(self.task, completed=done, total=total or None)
        if note:
            self.bar.update(self.task, note=note)

    def _in_lines(self, stage: str, done: float, total: float, note: str) -> None:
        tenth = int(10 * done / total) if total else 0
        if stage != self.stage or tenth > self.tenth:
            print_message(f"{stage}{f' {10 * tenth} %' if total else ''}{f', {note}' if note else ''}")
            self.stage, self.tenth = stage, tenth


class Bar:
    """A bar that counts things done, with a note on the last one, on standard error; nothing without a terminal."""

    def __init__(self) -> None:
        columns = (BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"), TextColumn("{task.fields[note]}"))
        self.bar = RichProgress(*columns, console=errors, disable=not errors.is_terminal)
        self.task = self.bar.add_task("", total=0, note="")

    def __enter__(self) -> Bar:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, done: int, total: int, note: str) -> None:
        self.bar.update(self.task, completed=done, total=total)
        if note:
            self.bar.update(self.task, note=note)
