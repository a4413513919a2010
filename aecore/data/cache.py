"""The cache on disk: each prepared image set is four `.npy` files, memory-mapped, beside their SHA-256 sums."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import platformdirs

from aecore.data.catalogue import DataSet, data_set
from aecore.data.sources import Arrays, Progress
from aecore.errors import AecoreError, describe_os_error
from aecore.store import write_whole

PARTS = Arrays._fields


@dataclass(frozen=True)
class ImageSet:
    """A prepared image set. Images are uint8 (N, C, H, W) memory maps, labels uint8 (N,)."""

    about: DataSet
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def data_root() -> Path:
    """The folder of prepared image sets: `AECORE_DATA`, by default the user's cache directory."""
    named = os.environ.get("AECORE_DATA")
    return Path(named).expanduser().absolute() if named else Path(platformdirs.user_cache_dir("aecore"))


def prepared(name: str) -> bool:
    """Whether the set can be opened at once, without fetching anything."""
    return _sound(data_root() / data_set(name).name, thorough=False)


def prepare(name: str, progress: Progress = lambda what, done, total: None) -> str:
    """Make sure the set is in the cache and genuine: `"ready"`, `"prepared"`, or `"rebuilt"` after damage.

    Reads every byte against its SHA-256. Raises `MistakeError` for an unknown set and `AecoreError` when it
    cannot be fetched or stored.
    """
    return _ensure(data_set(name), progress, thorough=True)


def load(name: str, progress: Progress = lambda what, done, total: None) -> ImageSet:
    """The set as memory maps, fetched first if need be; files unchanged since the last check are trusted."""
    about = data_set(name)
    _ensure(about, progress, thorough=False)
    folder = data_root() / about.name
    return ImageSet(about, *(np.load(folder / f"{part}.npy", mmap_mode="r") for part in PARTS))


def _ensure(about: DataSet, progress: Progress, *, thorough: bool) -> str:
    folder = data_root() / about.name
    if _sound(folder, thorough=thorough):
        return "ready"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(data_root() / f".{about.name}.lock"):
            if _sound(folder, thorough=thorough):  # another process was faster
                return "ready"
            damaged = (folder / "meta.json").exists()
            (folder / "raw").mkdir(exist_ok=True)
            _write(folder, about.fetch(folder / "raw", progress))
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"preparing {about.name}")) from None
    return "rebuilt" if damaged else "prepared"


def _write(folder: Path, arrays: Arrays) -> None:
    (folder / "meta.json").unlink(missing_ok=True)
    sums = {}
    for part, array in zip(PARTS, arrays, strict=True):
        path = folder / f"{part}.npy"
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.save(file, np.ascontiguousarray(array))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sums[part] = hashlib.sha256(path.read_bytes()).hexdigest()
    # Last, because a folder counts as prepared only once its sums are there.
    _write_meta(folder, sums)


def _write_meta(folder: Path, sums: dict[str, str]) -> None:
    parts = {part: {"sha256": sums[part], **_stamp(folder / f"{part}.npy")} for part in PARTS}
    write_whole(folder / "meta.json", json.dumps({"parts": parts}, indent=1).encode())


def _stamp(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns}


def _sound(folder: Path, *, thorough: bool) -> bool:
    """Whether the files are those that were written: by size and time, or when in doubt by their SHA-256."""
    try:
        parts = json.loads((folder / "meta.json").read_bytes())["parts"]
        known = {part: {key: parts[part][key] for key in ("bytes", "mtime_ns")} for part in PARTS}
        stamps = {part: _stamp(folder / f"{part}.npy") for part in PARTS}
        if stamps == known and not thorough:
            return True
        if any(stamps[part]["bytes"] != known[part]["bytes"] for part in PARTS):
            return False
        for part in PARTS:
            with (folder / f"{part}.npy").open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != parts[part]["sha256"]:
                    return False
        if stamps != known:  # copied or touched, yet the same bytes
            _write_meta(folder, {part: parts[part]["sha256"] for part in PARTS})
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True
