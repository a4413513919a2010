"""The cache on disk: each prepared image set is four `.npy` files, memory-mapped, with their SHA-256 sums."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import filelock
import numpy as np

from aecore.data.image_set import Arrays, DataSet
from aecore.errors import AecoreError, describe_os_error
from aecore.files import MB, atomic_file, atomic_write, parse_json, read_regular
from aecore.temporary import remove_leftovers

PARTS = Arrays._fields
Facts = dict[str, Any]
"""Facts about the set that the arrays do not contain; JSON."""


class Opened(NamedTuple):
    """A prepared set, its folder in the cache, and the result of `ensure`."""

    about: DataSet
    folder: Path
    result: str


def ensure(folder: Path, make: Callable[[], tuple[Arrays, Facts]], *, thorough: bool, lock: str | None = None) -> str:
    """Make sure that `folder` of the cache holds what `make` returns: `"ready"`, `"prepared"` or `"rebuilt"`.

    Every byte is compared with its SHA-256: with `thorough` at every call, otherwise once a process and again when a
    file may have changed. One process makes them while others wait. Raises `AecoreError` when the arrays cannot be made
    or stored.
    """
    if is_sound(folder, thorough=thorough):
        return "ready"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
        with filelock.FileLock(folder.parent / f".{lock or folder.name}.lock"):
            if is_sound(folder, thorough=thorough):  # another process was faster
                return "ready"
            damaged = (folder / "meta.json").exists()
            _write(folder, *make())
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"preparing {folder.name}")) from None
    return "rebuilt" if damaged else "prepared"


def is_there(folder: Path) -> bool:
    """Whether the cache holds the folder's files in their sizes, without reading them."""
    try:
        parts = parse_json(read_regular(folder / "meta.json", 16 * MB))["parts"]
        return all((folder / f"{part}.npy").stat().st_size == parts[part]["bytes"] for part in PARTS)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def is_sound(folder: Path, *, thorough: bool) -> bool:
    """Whether the files have the bytes that were written."""
    try:
        parts = parse_json(read_regular(folder / "meta.json", 16 * MB))["parts"]
        known = {part: (parts[part]["bytes"], parts[part]["sha256"]) for part in PARTS}
        return all(_is(folder / f"{part}.npy", *known[part], thorough) for part in PARTS)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def arrays(folder: Path) -> Arrays:
    """The four arrays of a prepared set, as memory maps."""
    return Arrays(*(np.load(folder / f"{part}.npy", mmap_mode="r") for part in PARTS))


def facts(folder: Path) -> Facts:
    """The facts that were written with the arrays of a prepared set."""
    return parse_json(read_regular(folder / "meta.json", 16 * MB)).get("facts", {})


def _write(folder: Path, made: Arrays, known: Facts) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "meta.json").unlink(missing_ok=True)
    try:
        _write_parts(folder, made, known)
    except OSError:
        remove_parts(folder)
        raise


def remove_parts(folder: Path) -> None:
    """Remove the arrays of a set that was not prepared to the end; what was downloaded for it stays."""
    with contextlib.suppress(OSError):
        for part in PARTS:
            (folder / f"{part}.npy").unlink(missing_ok=True)
        folder.rmdir()


def _write_parts(folder: Path, made: Arrays, known: Facts) -> None:
    sums = {}
    for part, array in zip(PARTS, made, strict=True):
        path, array = folder / f"{part}.npy", np.ascontiguousarray(array)
        (folder / f"{part}.tmp").unlink(missing_ok=True)  # of an older version that was killed
        with atomic_file(path) as file:
            # NumPy's own writing names no reason where the disk is full.
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
            file.write(array.data)
        sums[part] = _sha256(path)
    # Last, as a folder counts as prepared only once it has its sums.
    _write_meta(folder, sums, known)


def _write_meta(folder: Path, sums: dict[str, str], known: Facts) -> None:
    parts = {part: {"sha256": sums[part], "bytes": (folder / f"{part}.npy").stat().st_size} for part in PARTS}
    meta = {"parts": parts, **({"facts": known} if known else {})}
    atomic_write(folder / "meta.json", json.dumps(meta, indent=1).encode())


_verified: dict[str, tuple[tuple[int, ...], str]] = {}
"""By path what a file looked like when this process read it, and its sum."""


def _is(path: Path, size: int, wanted: str, thorough: bool) -> bool:
    """Whether a file has this size and sum; read unless this process has read it since it was last touched."""
    found = path.stat()
    # A time can be set back, the time of the last change of the file's entry (ctime) cannot.
    stamp = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    if found.st_size != size:
        return False
    if thorough or _verified.get(str(path)) != (stamp, wanted):
        if _sha256(path) != wanted:
            return False
        _verified[str(path)] = (stamp, wanted)
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
