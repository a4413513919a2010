"""What state a run is really in: its recorded state, checked against the process that should be alive."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from aecore.errors import DamagedError
from aecore.runs.json_files import read_table, write_table
from aecore.runs.process import is_alive, is_here
from aecore.runs.run import Run

ACTIVE = ("queued", "preparing", "running", "evaluating")
RESUMABLE = ("stopped", "interrupted", "failed")
START_GRACE_S = 30
"""How long a submitted run may be without a process before it counts as interrupted."""
LOCK = ".lock"
"""The file that the worker holds locked."""
STARTING = ".starting"
"""Until a queued run's worker has told its process in the status: the process that is to tell it, else the one that
queued the run."""
STOP_ASKED = ".stop-asked"
"""An empty file: the run's worker has been asked to stop and has not done so yet."""
BEAT_S, SILENT_S = 30, 300
"""How often a worker touches its lock file, and after how long without that a worker on another machine counts as
dead."""
RECEIVED, UNHEARD_S = ".received.json", 90
"""What a run that another machine sends here is known by, touched whenever its sender is heard; and after how long
without that the run counts as interrupted."""


def run_state(run: Run) -> str:
    """The run's state now: an active one without a living process is `interrupted`, an unreadable one `damaged`."""
    try:
        return true_state(run.status(), run.file(LOCK))
    except DamagedError:
        return "damaged"


def true_state(status: dict[str, Any], lock: Path) -> str:
    """The same, from a status that was read before and the file that the worker locks."""
    recorded = status.get("state")
    if recorded not in (*ACTIVE, *RESUMABLE, "finished"):
        return "damaged"
    if recorded not in ACTIVE:
        return recorded
    if status.get("remote"):  # its process is another machine's, whatever the numbers
        return recorded if _was_touched(lock.with_name(RECEIVED), UNHEARD_S) else "interrupted"
    process = status.get("process")
    if process is None:
        if _is_gone(lock.with_name(STARTING)):
            return "interrupted"
        # Neither long ago nor, by a clock that was set, long ahead.
        return recorded if abs(_age_s(status.get("updated"))) < START_GRACE_S else "interrupted"
    alive = is_alive(process) if is_here(process) else _was_touched(lock, SILENT_S)
    return recorded if alive else "interrupted"


def expect_worker(run: Run, process: dict[str, Any]) -> None:
    """Record which process a queued run waits for, so that the run can be resumed as soon as that is gone. Without the
    record, as on a full disk, it takes `START_GRACE_S`."""
    with contextlib.suppress(OSError):
        write_table(run.file(STARTING), process)


def _is_gone(starting: Path) -> bool:
    """Whether the process that a queued run waits for is known to have ended."""
    try:
        process = read_table(starting, "")
    except DamagedError:
        return False
    return is_here(process) and not is_alive(process)


def is_stopping(run: Run) -> bool:
    """Whether an active run has been asked to stop."""
    return run.file(STOP_ASKED).exists() and run_state(run) in ACTIVE


def is_arriving(run: Run) -> bool:
    """Whether a run ended on another machine, and is being sent from there."""
    return bool((run.status().get("remote") or {}).get("arriving")) and run_state(run) in ACTIVE


@contextlib.contextmanager
def heartbeat(lock: Path) -> Iterator[None]:
    """Touch the lock file regularly inside the block: a sign of life for other machines that share the store."""
    over = threading.Event()

    def beat() -> None:
        while True:
            with contextlib.suppress(OSError):
                os.utime(lock)
            if over.wait(BEAT_S):
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _was_touched(file: Path, within_s: float) -> bool:
    """Whether whoever works on the run, on another machine, has given this sign of life lately."""
    try:
        return abs(time.time() - file.stat().st_mtime) < within_s  # a time far ahead says no more than one long ago
    except OSError:
        return False


def _age_s(stamp: object) -> float:
    try:
        return time.time() - datetime.fromisoformat(str(stamp)).timestamp()
    except ValueError:
        return float("inf")
