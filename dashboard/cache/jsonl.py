"""A run's `.jsonl` files: only lines appended since the last read are parsed, the rest is cached for all sessions."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from aecore.runs.json_files import MORE_SAMPLES, is_long
from aecore.runs.run import METRICS, Run

MOST_FILES = 48
"""The number of files cached; ten thousand epochs take about 5 MB."""
TAIL_BYTES = 64


@dataclass
class _Kept:
    about: tuple[int, int, int] = (0, 0, 0)
    """Inode, size and time of the file when it was last read."""
    offset: int = 0
    tail: bytes = b""
    """The bytes before the offset: a file that was only appended to still has them there."""
    entries: dict[float, dict[str, Any]] = field(default_factory=dict)
    ordered: list[dict[str, Any]] = field(default_factory=list)


_kept: OrderedDict[str, _Kept] = OrderedDict()
_lock = threading.Lock()


def metrics(run: Run) -> list[dict[str, Any]]:
    """One entry per epoch as `Run.metrics` returns them, not to be changed; only new lines are read."""
    return lines(run, METRICS)


def lines(run: Run, name: str) -> list[dict[str, Any]]:
    """The entries of a `.jsonl` file by epoch, the later of two winning; empty without the file, and of a very long one
    some, evenly spread. The list is cached: it must not be changed."""
    path = f"{run.path}/{name}"
    with _lock:
        try:
            status = os.stat(path)
        except OSError:
            _kept.pop(path, None)
            return []
        kept = _kept.setdefault(path, _Kept())
        _kept.move_to_end(path)
        while len(_kept) > MOST_FILES:
            _kept.popitem(last=False)
        about = (status.st_ino, status.st_size, status.st_mtime_ns)
        if about != kept.about and is_long(run.file(name), MORE_SAMPLES):
            found = run.course(name, MORE_SAMPLES)
            kept = _kept[path] = _Kept(about, ordered=found)
        elif about != kept.about:
            grown = status.st_ino == kept.about[0] and status.st_size > kept.about[1]
            if not grown or _before(path, kept.offset) != kept.tail:
                kept = _kept[path] = _Kept()
            fresh, kept.offset = run.lines_since(name, kept.offset)
            kept.about, kept.tail = about, _before(path, kept.offset)
            _add(kept, fresh)
        return kept.ordered


def _before(path: str, offset: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, offset - TAIL_BYTES))
            return file.read(min(offset, TAIL_BYTES))
    except OSError:
        return b""


def _add(kept: _Kept, fresh: list[dict[str, Any]]) -> None:
    last = kept.ordered[-1]["epoch"] if kept.ordered else float("-inf")
    rising = all(a["epoch"] < b["epoch"] for a, b in pairwise(fresh))
    kept.entries.update((entry["epoch"], entry) for entry in fresh)
    if fresh and rising and fresh[0]["epoch"] > last:
        kept.ordered = [*kept.ordered, *fresh]  # a new list: others may be reading the one before
    elif fresh:
        kept.ordered = [kept.entries[epoch] for epoch in sorted(kept.entries)]
