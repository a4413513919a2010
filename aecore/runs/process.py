"""Identifying processes across restarts and machines, to know whether a run's worker is alive."""

from __future__ import annotations

import os
import platform
from typing import Any

import psutil


def this_process() -> dict[str, Any]:
    """What identifies this process, as JSON: the id alone could be reused."""
    return {"pid": os.getpid(), "started": psutil.Process().create_time(), "host": platform.node()}


def is_here(process: dict[str, Any]) -> bool:
    """Whether it is, or was, a process on this machine."""
    return process.get("host") == platform.node()


def is_alive(process: dict[str, Any]) -> bool:
    """Whether that very process still runs; one on another machine is assumed to."""
    if not is_here(process):
        return True
    try:
        found = psutil.Process(int(process["pid"]))
        same = abs(found.create_time() - float(process["started"])) < 1
        return same and found.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, KeyError, ValueError, TypeError):
        return False
