"""Where figures get their data: runs by id, by path or as objects, and the lines of their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aecore.errors import AecoreError
from aecore.format import drawable
from aecore.runs.run import METRICS, Run
from aecore.runs.store import Store
from aecore.runs.summary import MARK, remarks_of

RunLike = str | Path | Run
"""A run's id or a unique prefix of it, the path of its directory, or the run itself."""

Lines = Callable[[Run, str], Sequence[dict[str, Any]]]
"""Reads one of a run's `.jsonl` files, one entry per epoch; a long-running program may pass a caching one."""


def resolve_run(run: RunLike) -> Run:
    """The run. Raises `UserError` if there is none, or if a prefix fits several."""
    if isinstance(run, Run):
        return run
    if isinstance(run, Path):
        return Run(run)
    return Store.default().find(run)


def marked_title(run: Run) -> str:
    """The run's title, with a mark before it where its status has remarks, for titles and legends of figures."""
    try:
        remarks = remarks_of(run.status())
    except AecoreError:
        remarks = []
    return drawable(f"{MARK} {run.title()}" if remarks else run.title())


def read_lines(run: Run, name: str) -> Sequence[dict[str, Any]]:
    """The entries of metrics.jsonl, layers.jsonl or steps.jsonl, read from the file."""
    return run.metrics() if name == METRICS else run.lines(name)
