"""Identifying processes across restarts and machines, to know whether a run's worker is alive.

psutil is imported where a process is looked at: a list of finished runs looks at none.
"""

from __future__ import annotations

import contextlib
import os
import platform
from functools import lru_cache
from pathlib import Path
from typing import Any

CLOCK_STEP_S = 1
"""Of a process whose start is known by the clock alone: how far two readings of it may lie apart."""


def this_process() -> dict[str, Any]:
    """What identifies this process, as JSON: the id alone could be reused."""
    return identity(os.getpid())


def identity(pid: int) -> dict[str, Any]:
    """The same for another process of this machine. Raises `psutil.Error` where there is none.

    `boot` and `ticks` are the machine's start and the process's, counted from it: unlike `started`, in seconds since
    1970, they stay the same when the clock is set. They are missing on systems that do not say them.
    """
    import psutil

    found: dict[str, Any] = {"pid": pid, "started": psutil.Process(pid).create_time(), "host": platform.node()}
    ticks = _start_ticks(pid)
    return found | ({"boot": _boot_id(), "ticks": ticks} if ticks is not None and _boot_id() else {})


def is_here(process: dict[str, Any]) -> bool:
    """Whether it is, or was, a process on this machine."""
    return process.get("host") == platform.node()


def is_alive(process: Any) -> bool:
    """Whether that very process still runs; one on another machine is assumed to. What is no table identifies none."""
    if not isinstance(process, dict):
        return False
    if not is_here(process):
        return True
    import psutil

    try:
        found = psutil.Process(int(process["pid"]))
        if process.get("ticks") is not None:
            same = (process.get("boot"), process["ticks"]) == (_boot_id(), _start_ticks(found.pid))
        else:
            same = abs(found.create_time() - float(process["started"])) < CLOCK_STEP_S
        return same and found.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, KeyError, ValueError, TypeError, OverflowError):
        return False


def has_open(pid: int, path: Path) -> bool:
    """Whether a process of this machine has that file open, as the holder of a lock has the lock's file."""
    import psutil

    try:
        target = path.stat()
        opened = psutil.Process(pid).open_files()
    except (OSError, psutil.Error):
        return False
    for file in opened:
        with contextlib.suppress(OSError):
            found = os.stat(file.path)
            if (found.st_dev, found.st_ino) == (target.st_dev, target.st_ino):
                return True
    return False


@lru_cache(1)
def _boot_id() -> str:
    """Linux's name for this start of the machine; empty elsewhere."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _start_ticks(pid: int) -> int | None:
    """Linux's clock ticks from the machine's start to the process's; None elsewhere, and where there is no process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        return int(text.rpartition(")")[2].split()[19])  # the name before it may hold anything
    except (OSError, ValueError, IndexError):
        return None
