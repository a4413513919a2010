"""Temporary files and folders, whose names say which process made them, so that what a killed one left can be removed.

A leftover is removed by a later process that writes to the same folder: at once where its maker is known to be gone,
and after a week where that cannot be known, as on another machine that shares the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

KEPT_S = 7 * 86_400
"""How long a leftover of an unknown maker is kept, by the clock of its own file system."""
LOOK_EVERY_S, MOST_FOLDERS = 60, 10_000
"""How often a folder that is written to is looked through for leftovers, and how many folders are remembered for it."""
OURS = re.compile(r"\.[0-9a-f]{8}-(\d+)-(\d*)-[0-9a-f]{8}\.tmp")
"""The end of a temporary name: machine, process, when that started, and a random part."""
OLD = re.compile(
    r"\..+\.(?:jsonl?|safetensors|npy|zip|html)\.[a-z0-9_]{8}|\.(?:arriving|report|check)-\w+|aecore-[a-z0-9_]{8}"
)
"""Such names of older versions."""

_looked: dict[str, float] = {}
"""When this process looked through a folder, by its own clock."""


def temporary_path(folder: Path, name: str) -> Path:
    """A new name in a folder, hidden; what is left there by processes that are gone is removed before."""
    if time.monotonic() - _looked.get(str(folder), -LOOK_EVERY_S) >= LOOK_EVERY_S:
        if len(_looked) > MOST_FOLDERS:
            _looked.clear()
        _looked[str(folder)] = time.monotonic()
        remove_leftovers(folder)
    mark = f"{_machine()}-{os.getpid()}-{_start_ticks(os.getpid())}-{secrets.token_hex(4)}"
    return folder / f".{name[:100]}.{mark}.tmp"


@contextlib.contextmanager
def temporary_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new hidden folder, which is removed at the end. Raises `OSError`."""
    remove_leftovers(parent)
    folder = temporary_path(parent, name)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders in a folder that killed processes have left."""
    now: list[float] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if found := OURS.search(entry.name):
                known = entry.name[found.start() + 1 :].startswith(_machine())
                gone = _is_gone(int(found[1]), found[2]) if known else None
            elif OLD.fullmatch(entry.name):
                gone = None
            else:
                continue
            with contextlib.suppress(OSError):
                if gone is None:
                    now = now or [_clock_of(folder)]
                    gone = now[0] - entry.stat(follow_symlinks=False).st_mtime > KEPT_S
                if gone and entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                elif gone:
                    os.unlink(entry.path)


def _is_gone(pid: int, ticks: str) -> bool:
    """Whether that process of this machine has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return bool(ticks) and _start_ticks(pid) not in ("", ticks)


def _clock_of(folder: Path) -> float:
    """The time by the clock that stamps the folder's files, which may be another machine's. Raises `OSError`."""
    probe = folder / f".clock.{_machine()}-{os.getpid()}-{_start_ticks(os.getpid())}-{secrets.token_hex(4)}.tmp"
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


@lru_cache(1)
def _machine() -> str:
    """What tells this start of this machine, or container, from every other: process numbers mean nothing elsewhere."""
    parts = [platform.node()]
    for read in (
        lambda: Path("/proc/sys/kernel/random/boot_id").read_text(),
        lambda: os.readlink("/proc/self/ns/pid"),
    ):
        with contextlib.suppress(OSError):
            parts.append(read())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _start_ticks(pid: int) -> str:
    """When a process started, in clock ticks since the machine did; empty where the system does not say it."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        return text.rpartition(")")[2].split()[19]  # the name before it may hold anything
    except (OSError, IndexError):
        return ""
