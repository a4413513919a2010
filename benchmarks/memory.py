"""By how much a process's memory grows while it does something."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil

EVERY_S = 0.02
PROOF = 48_000_000
"""Bytes that `is_told` takes for a moment."""
PAGES = Path("/proc/self/smaps_rollup")


def resident() -> int:
    """Bytes of this process that are in memory, counted page by page where the system can do that: the kernel's running
    total is an estimate."""
    with contextlib.suppress(OSError):
        if counted := re.search(r"^Rss:\s+(\d+) kB", PAGES.read_text(), re.MULTILINE):
            return int(counted[1]) * 1024
    return psutil.Process().memory_info().rss


def is_told() -> bool:
    """Whether `resident` sees memory that is taken: some virtual machines answer with a figure that stands still."""
    before = resident()
    taken = np.ones(PROOF, np.uint8)
    return resident() - before > 0.8 * len(taken)


@contextlib.contextmanager
def growth() -> Iterator[Callable[[], int]]:
    """The most by which `resident` has exceeded its start since, read every `EVERY_S`. The kernel's own peak would not
    do: it begins at that of the process that started this one."""
    before, done = resident(), threading.Event()
    seen = [before]

    def grown() -> int:
        seen.append(resident())
        return max(seen) - before

    def watch() -> None:
        while not done.wait(EVERY_S):
            seen.append(resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield grown
    finally:
        done.set()
        watcher.join()
