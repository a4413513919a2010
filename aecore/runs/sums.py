"""The SHA-256 of every file of a run that numbers depend on, so that a byte that changed on the disk is noticed.

sums.json has for each file the sums that it may have: before a file is replaced its new sum is written beside the one
before, afterwards it alone, so that a crash in between leaves a file with one of them. Of a `.jsonl` file, which only
grows, it has the sum of the first so many bytes. Runs from before these sums, and files that others add, have none:
they are not verified.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from aecore.errors import DamagedError, told
from aecore.files import atomic_write, check_regular, parse_json, read_regular
from aecore.runs.json_files import accept_table, is_sealed, read_table

SUMS = "sums.json"
SUMMED = ("experiment.json", "weights.safetensors", "resume.safetensors", "snapshots.safetensors", "evaluation.json",
          "codes.safetensors", "figures.safetensors", "imported.safetensors", "candidates.safetensors",
          "measures.json", "measures.safetensors", "logged.safetensors", "robustness.json",
          "epoch_codes.safetensors")  # fmt: skip
"""The files that are replaced as a whole; projections/*.safetensors too."""
GROWING = ("metrics.jsonl", "layers.jsonl", "steps.jsonl")
SEALED = ("status.json", "notes.json")
"""Tables that change all the time and have their sum in themselves."""
CHUNK, MOST_SUMS = 1 << 20, 1 << 20
LOCK_WAIT_S = 10

Found = Literal["verified", "changed", "missing", "not verified"]


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Replace files of a run and their sums, each file whole or not at all. Raises `OSError`."""
    new = {name: _entry(hashlib.sha256(content).hexdigest(), len(content)) for name, content in contents.items()}
    with _changing(folder) as known:
        for name, entry in new.items():
            known[name] = [*_before(folder, known, name), entry]
        _write(folder, known)
        for name, content in contents.items():
            atomic_write(folder / name, content)
        _write(folder, known | {name: [entry] for name, entry in new.items()})


def move_in(folder: Path, name: str, file: Path) -> None:
    """Replace a file of a run by another of the same disk, and its sum, as `write_files` does. Raises `OSError`."""
    entry = _entry(*_sum_of(file, None, thorough=False))
    with _changing(folder) as known:
        _write(folder, known | {name: [*_before(folder, known, name), entry]})
        (folder / name).parent.mkdir(exist_ok=True)
        file.replace(folder / name)
        _write(folder, known | {name: [entry]})


def remove_file(folder: Path, name: str) -> None:
    """Remove the sum of a file of a run and then the file, so that after a crash in between nothing is missing."""
    forget(folder, name)
    (folder / name).unlink(missing_ok=True)


def forget(folder: Path, name: str) -> None:
    """Remove the sum of a file of a run."""
    if (folder / SUMS).exists():
        with _changing(folder) as known:
            known.pop(name, None)
            _write(folder, known)


def record(folder: Path, names: Callable[[str], bool] = lambda name: True) -> None:
    """Write the sums of the files as they are now, of all or of those named. Files that are no longer there lose their
    sum."""
    present = {name: _entry(*_sum_of(folder / name, None)) for name in _summed(folder) if names(name)}
    with _changing(folder) as known:
        kept = {name: entries for name, entries in known.items() if not names(name)}
        _write(folder, kept | {name: [entry] for name, entry in present.items()})


def digests(folder: Path, name: str) -> frozenset[str]:
    """The SHA-256 that a file may have: as recorded, while it is replaced two, else as it is now; empty without it."""
    if entries := _entries(read(folder), name):
        return frozenset(entry["sha256"] for entry in entries)
    try:
        return frozenset((_sum_of(folder / name, None, thorough=False)[0],))
    except OSError:
        return frozenset()


def digest(folder: Path, name: str, first: int | None = None) -> str:
    """The SHA-256 of a file as it is now, or of its `first` bytes, read for it once a process. Raises `OSError`."""
    return _sum_of(folder / name, first, thorough=False)[0]


@told("recording the files of the run")
def accept(folder: Path) -> None:
    """Record every file as it is now, because a person says that the changes were meant. Raises `AecoreError`, for a
    table that is none `DamagedError`."""
    record(folder)
    for name in SEALED:
        if (folder / name).exists():
            accept_table(folder / name)


def check(folder: Path, name: str, owner: str) -> None:
    """Raise `DamagedError` where a file is not as it was written. Each file is read for it once a process, and again
    when its size or time has changed."""
    if find(folder, name) == "changed":
        shipped = folder.parent.name == "gallery"
        hint = "" if shipped else f", or accept it as it is with 'aecore verify {folder.name} --accept'"
        raise DamagedError(
            f"{owner}: {name} is damaged: it has changed since it was written; restore it from a copy{hint}"
        )


def find(folder: Path, name: str, thorough: bool = False) -> Found:
    """How a file compares with its sum; `thorough` reads it whatever was found before."""
    for last in (False, True):  # it may be replaced at this moment: both are then read again
        entries = _entries(read(folder), name)
        if not entries:
            return "not verified"
        try:
            if any(_matches(folder / name, entry, thorough) for entry in entries):
                return "verified"
        except OSError:
            return "missing"
        if last:
            break
    return "changed"


def verify(folder: Path) -> dict[str, Found]:
    """Every file that has a sum or could have one, read whole, and how it compares."""
    names = {*read(folder), *_summed(folder)}
    found: dict[str, Found] = {name: find(folder, name, thorough=True) for name in names}
    found |= {name: _find_table(folder / name) for name in SEALED if (folder / name).exists()}
    return dict(sorted(found.items()))


def _find_table(path: Path) -> Found:
    try:
        read_table(path, "")
        return "verified" if is_sealed(path) else "not verified"
    except DamagedError:
        return "changed"


def read(folder: Path) -> dict[str, Any]:
    """The table of sums; empty where there is none. One that cannot be read makes every file count as changed."""
    try:
        stamp = _stamp(folder / SUMS)
    except OSError:
        return {}
    with _lock:
        if (found := _tables.get(str(folder))) and found[0] == stamp:
            return found[1]
    try:
        table = parse_json(read_regular(folder / SUMS, MOST_SUMS))["files"]
        table = {str(name): entries for name, entries in table.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        table = {name: [_entry("unreadable", -1)] for name in _summed(folder)}
    with _lock:
        _tables[str(folder)] = (stamp, table)
        while len(_tables) > MOST_KEPT:
            _tables.popitem(last=False)
    return table


MOST_KEPT = 20_000
_lock = threading.Lock()
_tables: OrderedDict[str, tuple[tuple[int, ...], dict[str, Any]]] = OrderedDict()
_sums: OrderedDict[tuple[str, int | None], tuple[tuple[int, ...], str]] = OrderedDict()


def _matches(path: Path, entry: Mapping[str, Any], thorough: bool) -> bool:
    wanted, size = entry["sha256"], entry["bytes"]
    here = path.stat().st_size
    if here < size or (here > size and path.name not in GROWING):
        return False
    return _sum_of(path, size if path.name in GROWING else None, thorough)[0] == wanted


def _sum_of(path: Path, size: int | None, thorough: bool = True) -> tuple[str, int]:
    """The SHA-256 of a file, or of its first `size` bytes, and how many those are."""
    stamp, place = _stamp(path), (str(path), size)
    with _lock:
        if not thorough and (found := _sums.get(place)) and found[0] == stamp:
            return found[1], stamp[1] if size is None else size
    digest, left = hashlib.sha256(), stamp[1] if size is None else size
    done = 0
    with check_regular(path).open("rb") as file:
        while done < left and (chunk := file.read(min(CHUNK, left - done))):
            digest.update(chunk)
            done += len(chunk)
    with _lock:
        _sums[place] = (stamp, digest.hexdigest())
        while len(_sums) > MOST_KEPT:
            _sums.popitem(last=False)
    return digest.hexdigest(), done


def _stamp(path: Path) -> tuple[int, ...]:
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _entry(sha256: str, size: int) -> dict[str, Any]:
    return {"sha256": sha256, "bytes": size}


def _entries(table: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The last two entries of a file that are of their kind."""
    entries = table.get(name)
    return [
        entry
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and isinstance(entry.get("bytes"), int)
    ][-2:]


def _before(folder: Path, table: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The entry of a file that is about to be replaced. Where the last time it could not be there are two, and only one
    is that of the file: with both before a third one it would seem changed if it cannot be replaced again."""
    entries = _entries(table, name)
    with contextlib.suppress(OSError):
        if len(entries) > 1:
            return [entry for entry in entries if _matches(folder / name, entry, thorough=False)][:1] or entries[-1:]
    return entries[-1:]


def _summed(folder: Path) -> Iterator[str]:
    """The files of a run that are there and have a sum, or should."""
    for name in (*SUMMED, *GROWING):
        if (folder / name).is_file():
            yield name
    with contextlib.suppress(OSError):
        for path in sorted((folder / "projections").iterdir()):
            if path.suffix == ".safetensors" and not path.name.startswith(".") and path.is_file():
                yield f"projections/{path.name}"


@contextlib.contextmanager
def _changing(folder: Path) -> Iterator[dict[str, Any]]:
    """The table, while no other process of this machine changes it."""
    import filelock  # what only reads runs does without

    with filelock.FileLock(folder / ".sums.lock", timeout=LOCK_WAIT_S):
        yield dict(read(folder))


def _write(folder: Path, table: Mapping[str, Any]) -> None:
    text = json.dumps({"format": 1, "files": {name: table[name] for name in sorted(table)}}, indent=1)
    atomic_write(folder / SUMS, text.encode() + b"\n")
