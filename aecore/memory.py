"""How much memory the machine has, or the container that this process is in."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")
SHARE = 0.35
"""Images that take more than this share of the free memory stay in their file: for a moment there are two copies."""


def free_memory() -> int:
    """Bytes that a new process may take: what the machine has available, or what is left to this container."""
    free = psutil.virtual_memory().available
    limit, used = _number("memory.max"), _number("memory.current")
    if limit is not None and used is not None:
        free = min(free, max(limit - used + (_reclaimable() or 0), 0))
    return free


def all_memory() -> int:
    """Bytes of memory of the machine, or of this container."""
    total, limit = psutil.virtual_memory().total, _number("memory.max")
    return total if limit is None else min(total, limit)


def fits(size: int, free: int) -> bool:
    """Whether so many bytes of images may lie in a memory of which so many are free, beside what a training needs."""
    return size <= SHARE * free or not hasattr(os, "preadv")  # Windows: images are not read from files there


def most_in_memory(size: int) -> int:
    """How many bytes images of that size take at most: none of those that stay in their file."""
    return size if fits(size, all_memory()) else 0


def _number(name: str) -> int | None:
    """A number of the container's control group; None without one, or without a limit."""
    try:
        return int((CGROUP / name).read_text())
    except (OSError, ValueError):
        return None


def _reclaimable() -> int | None:
    """Bytes of files that the system keeps in the container's memory only for as long as nobody needs it."""
    try:
        lines = (CGROUP / "memory.stat").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), None)
    except (OSError, ValueError, IndexError):
        return None
