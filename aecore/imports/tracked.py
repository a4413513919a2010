"""One run as another tool recorded it, before it becomes one of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from aecore.errors import UserError
from aecore.format import count
from aecore.runs.logged import LoggedImages, decoded
from aecore.runs.records import MOST_EPOCHS


class Point(NamedTuple):
    """A value of a curve."""

    step: float
    value: float
    """May be NaN or infinite."""
    time: float | None = None
    """When it was logged, in seconds since 1970."""


@dataclass(eq=False)
class Tracked:
    """A run of another tool: its curves in the order in which their values were written, and what else is known."""

    key: str
    """What the tool knows it by, here and when it is imported again."""
    title: str
    series: dict[str, list[Point]] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    group: str = ""
    """What the tool puts several runs under: an experiment, a project."""
    state: str = "finished"
    error: str | None = None
    started: float | None = None
    ended: float | None = None
    """In seconds since 1970; else the times of the first and the last value."""
    counts: str = "step"
    """What the curves are over: `step` or `epoch`."""
    images: LoggedImages = field(default_factory=LoggedImages)
    files: list[tuple[str, int, Path, Path]] = field(default_factory=list)
    """Images that are files of their own and not read yet: name, step, a folder and the place in it."""
    aside: Path | None = None
    """The file to which the images were moved, as a run has it."""
    left: dict[str, int] = field(default_factory=dict)
    """What the tool has beside curves and is not taken, by its kind: how many."""
    said: list[str] = field(default_factory=list)
    """What else its user should know, a line each."""

    def leave(self, kind: str, number: int = 1) -> None:
        """Count something that is not taken, by its name for one."""
        self.left[kind] = self.left.get(kind, 0) + number

    def add_image(self, tag: str, step: float, content: bytes) -> None:
        """Take an image as the tool has stored it: PNG, JPEG, GIF or WebP. What cannot be shown is counted as left."""
        if not 0 <= step <= MOST_EPOCHS:  # as of curves, NaN too
            return self.leave("image")
        try:
            name = tag.encode(errors="replace").decode()  # that of a file may hold bytes that are no text
            self.images.add(name, int(step), decoded(name, content))
        except UserError:
            self.leave("image")

    @property
    def left_out(self) -> str:
        """What is not taken, as one line; empty where there is nothing else."""
        parts = [count(number, kind) for kind, number in self.left.items()]
        return f"not taken: {', '.join(parts)}" if parts else ""
