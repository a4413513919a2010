"""Acts on disks that are full, have no inodes left or cannot be written: one line, nothing half, and done again when
there is space."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.faults.acts import ACTS, Act, verdict_of
from benchmarks.faults.children import forked
from benchmarks.faults.crashes import judged
from benchmarks.faults.verdicts import COLUMNS, memory_mb, row
from benchmarks.tables import Part

ROOM_KB = (0, 4, 8, 16, 28, 48, 80, 140, 240)
"""How much is left on a full disk."""
INODES = (0, 1, 2, 3, 5, 8)


def disks(base: Path, scratch: Path, room: tuple[int, ...], say: Callable[[str], None]) -> Part:
    """Every act on every such disk; without the right to mount one there are no rows."""
    kinds: dict[str, list[str]] = {
        "full disk": [f"size={_kilobytes(base) + left}k" for left in room],
        "no inodes": [f"nr_inodes={_entries(base) + left}" for left in INODES[: len(room)]],
        "read-only": ["ro"],
    }
    rows, notes = [], []
    for name, options in kinds.items():
        say(f"disk: {name}")
        start, found = memory_mb(), Counter[str]()
        for act in ACTS:
            for option in options:
                with _mounted(scratch / "disk", base, option) as home:
                    if home is None:
                        return Part("disks", "Disks", COLUMNS, [], ["not measured: mounting a disk needs root"])
                    verdict, said = _tried(act, home)
                found["tried"] += 1
                found[verdict] += 1
                if verdict not in ("right", "refused"):
                    notes.append(f"{act.name}, {name}, {option}: {said}")
        rows.append(row(name, found, start))
    return Part("disks", "Full and read-only disks", COLUMNS, rows, notes)


def _tried(act: Act, home: Path) -> tuple[str, str]:
    """The verdict on an act on such a disk, and on the store once there is space."""

    def attempt() -> str:
        try:
            act.do(home)
        except Exception as error:
            return f"{verdict_of(error)}: {type(error).__name__}: {error}"
        return "right"

    said = forked(attempt)
    verdict = said.split(":")[0]
    _remount(home.parent, "rw,size=200m,nr_inodes=100000")
    if verdict in ("right", "refused"):
        after, why = judged(act, home)
        if after != "right":
            return after, f"{said}; then {why}"
    return verdict, said


@contextlib.contextmanager
def _mounted(at: Path, base: Path, option: str) -> Iterator[Path | None]:
    """A disk in memory with a copy of the template, limited as the option says."""
    at.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(at)], capture_output=True)
    if made.returncode:
        yield None
        return
    try:
        shutil.copytree(base, at / "home")
        _remount(at, option)
        yield at / "home"
    finally:
        subprocess.run(["umount", str(at)], capture_output=True, check=True)


def _remount(at: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(at)], capture_output=True, check=True)


def _kilobytes(folder: Path) -> int:
    """What a copy of the folder takes on a tmpfs, in pages."""
    return 4 * sum(-(-path.stat().st_size // 4096) for path in folder.rglob("*") if path.is_file()) + 4


def _entries(folder: Path) -> int:
    return 3 + sum(1 for _ in folder.rglob("*"))
