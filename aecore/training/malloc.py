"""Keeping the memory that a step frees for the next one."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
KEPT_BYTES = 2**30


def keep_freed_memory() -> None:
    """Let the C library keep up to a gigabyte of freed memory, for the rest of the process.

    Left alone, glibc hands a batch's arrays back to the system at every step and takes them again page by page, which
    costs report 004's network a third of its time. Does nothing where the C library is another.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
        mallopt(option, KEPT_BYTES)
