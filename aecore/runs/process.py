"""TODO docstring."""

from __future__ import annotations

import os
import platform
from typing import Any

import psutil


def this_process() -> dict[str, Any]:
    """What identifies this process: its id alone would be reused."""
    return {"pid": os.getpid(), "started": psutil.Process().create_time(), "host": platform.node()}


def is_here(process: dict[str, Any]) -> bool:
    """Whether it is, or was, a process of this machine."""
    return process.get("host") == platform.node()


def is_alive(process: dict[str, Any]) -> bool:
    """Whether that very process still runs; one of another machine is believed to."""
    if not is_here(process):
        return True
    try:
        found = psutil.Process(int(process["pid"]))
        same = abs(found.create_time() - float(process["started"])) < 1
        return same and found.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, KeyError, ValueError, TypeError):
        return False
