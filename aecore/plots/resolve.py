"""Where figures get their data: runs by id, by path or as objects, and the lines of their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aecore.runs.store import METRICS, Run, Store

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


def read_lines(run: Run, name: str) -> Sequence[dict[str, Any]]:
    """The entries of metrics.jsonl, layers.jsonl or steps.jsonl, read from the file."""
    return run.metrics() if name == METRICS else run.lines(name)
