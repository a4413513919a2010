"""What figures are drawn from: runs by id, path or as they are, and the lines of their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aecore.runs.store import METRICS, Run, Store

RunLike = str | Path | Run
"""A run's id or a unique beginning of one, the path of its directory, or the run itself."""

Lines = Callable[[Run, str], Sequence[dict[str, Any]]]
"""Reads one of a run's `.jsonl` files, one entry an epoch; a program that stays may keep what it has read."""


def resolve_run(run: RunLike) -> Run:
    """The run that is meant. Raises `UserError` where there is none, or where a beginning fits several."""
    if isinstance(run, Run):
        return run
    if isinstance(run, Path):
        return Run(run)
    return Store.default().find(run)


def read_lines(run: Run, name: str) -> Sequence[dict[str, Any]]:
    """The entries of metrics.jsonl, layers.jsonl or steps.jsonl, read afresh."""
    return run.metrics() if name == METRICS else run.lines(name)
