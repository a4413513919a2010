"""TODO docstring."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from aecore.errors import DamagedError
from aecore.runs.process import is_alive, is_here
from aecore.runs.store import Run

ACTIVE = ("queued", "preparing", "running", "evaluating")


RESUMABLE = ("stopped", "interrupted", "failed")


START_GRACE_S = 30
"""How long a submitted run may go without a process before it counts as interrupted."""


LOCK = ".lock"


BEAT_S, SILENT_S = 30, 300
"""A worker touches its lock file so often; one of another machine that has not for so long is gone."""


def run_state(run: Run) -> str:
    """What is true now: an active state without a living process is `interrupted`, an unreadable one `damaged`."""
    try:
        return true_state(run.status(), run.file(LOCK))
    except DamagedError:
        return "damaged"


def true_state(status: dict[str, Any], lock: Path) -> str:
    """The same, from a status that was already read, and the file that the process holds."""
    recorded = str(status.get("state", "damaged"))
    if recorded not in ACTIVE:
        return recorded
    process = status.get("process")
    if process is None:
        return recorded if _age_s(status.get("updated")) < START_GRACE_S else "interrupted"
    alive = is_alive(process) if is_here(process) else _beats(lock)
    return recorded if alive else "interrupted"


def _beats(lock: Path) -> bool:
    """Whether the worker of another machine that shares the store has shown itself lately."""
    try:
        return time.time() - lock.stat().st_mtime < SILENT_S
    except OSError:
        return False


def _age_s(stamp: object) -> float:
    try:
        return time.time() - datetime.fromisoformat(str(stamp)).timestamp()
    except ValueError:
        return float("inf")
