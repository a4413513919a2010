"""The cache on disk: each prepared image set is four `.npy` files, memory-mapped, with their SHA-256 sums."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import filelock
import numpy as np
import platformdirs

from aecore.data.image_set import Arrays, DataSet
from aecore.errors import AecoreError, describe_os_error
from aecore.files import MB, atomic_write, parse_json, read_regular

PARTS = Arrays._fields
Facts = dict[str, Any]
"""Facts about the set that the arrays do not contain; JSON."""


class Opened(NamedTuple):
    """A prepared set, its folder in the cache, and the result of `ensure`."""

    about: DataSet
    folder: Path
    result: str


def data_root() -> Path:
    """The folder of prepared image sets: `AECORE_DATA`, by default the user's cache directory."""
    named = os.environ.get("AECORE_DATA")
    return Path(named).expanduser().absolute() if named else Path(platformdirs.user_cache_dir("aecore"))


def ensure(folder: Path, make: Callable[[], tuple[Arrays, Facts]], *, thorough: bool, lock: str | None = None) -> str:
    """Make sure that `folder` of the cache holds what `make` returns: `"ready"`, `"prepared"` or `"rebuilt"`.

    `thorough` reads every byte against its SHA-256; otherwise files unchanged since the last check are trusted. One
    process makes them while others wait. Raises `AecoreError` when the arrays cannot be made or stored.
    """
    if is_sound(folder, thorough=thorough):
        return "ready"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder.parent / f".{lock or folder.name}.lock"):
            if is_sound(folder, thorough=thorough):  # another process was faster
                return "ready"
            damaged = (folder / "meta.json").exists()
            _write(folder, *make())
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"preparing {folder.name}")) from None
    return "rebuilt" if damaged else "prepared"


def is_sound(folder: Path, *, thorough: bool) -> bool:
    """Whether the files are unchanged since they were written: by size and time, in case of doubt by their SHA-256."""
    try:
        meta = parse_json(read_regular(folder / "meta.json", 16 * MB))
        parts = meta["parts"]
        known = {part: {key: parts[part][key] for key in ("bytes", "mtime_ns")} for part in PARTS}
        stamps = {part: _stamp(folder / f"{part}.npy") for part in PARTS}
        if stamps == known and not thorough:
            return True
        if any(stamps[part]["bytes"] != known[part]["bytes"] for part in PARTS):
            return False
        if any(_sha256(folder / f"{part}.npy") != parts[part]["sha256"] for part in PARTS):
            return False
        if stamps != known:  # copied or touched, yet the same bytes
            _write_meta(folder, {part: parts[part]["sha256"] for part in PARTS}, meta.get("facts", {}))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def arrays(folder: Path) -> Arrays:
    """The four arrays of a prepared set, as memory maps."""
    return Arrays(*(np.load(folder / f"{part}.npy", mmap_mode="r") for part in PARTS))


def facts(folder: Path) -> Facts:
    """The facts that were written with the arrays of a prepared set."""
    return parse_json(read_regular(folder / "meta.json", 16 * MB)).get("facts", {})


def _write(folder: Path, made: Arrays, known: Facts) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "meta.json").unlink(missing_ok=True)
    sums = {}
    for part, array in zip(PARTS, made, strict=True):
        path = folder / f"{part}.npy"
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.save(file, np.ascontiguousarray(array))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sums[part] = _sha256(path)
    # Last, as a folder counts as prepared only once it has its sums.
    _write_meta(folder, sums, known)


def _write_meta(folder: Path, sums: dict[str, str], known: Facts) -> None:
    parts = {part: {"sha256": sums[part], **_stamp(folder / f"{part}.npy")} for part in PARTS}
    meta = {"parts": parts, **({"facts": known} if known else {})}
    atomic_write(folder / "meta.json", json.dumps(meta, indent=1).encode())


def _stamp(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
