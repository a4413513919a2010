"""The user's own images, named by a path: an `.npz` file or a folder, read once and kept in the cache.

When the file changes, or anything in the folder's listing, the images are read again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aecore import demo
from aecore.data import cache
from aecore.data.cache import Opened
from aecore.data.custom.folder import File, listing, read_folder
from aecore.data.custom.npz import read_npz
from aecore.data.image_set import Arrays, DataSet, Progress
from aecore.errors import AecoreError, UserError

READER = 1
"""Increase it when the same files give other arrays than before."""


@dataclass(frozen=True)
class Origin:
    """The user's images as they are on disk at this moment; `files` is empty for an `.npz` file."""

    text: str
    path: Path
    is_folder: bool
    files: Sequence[File]
    digest: str

    @property
    def title(self) -> str:
        return (self.path.name if self.is_folder else self.path.stem) or "images"

    @property
    def cached(self) -> Path:
        """The folder in the cache for these files as they are now."""
        return cache.data_root() / f"own-{_slug(self.title)}-{self.digest}"


def is_path(name: str) -> bool:
    """Whether a data set's name is the path of a file or folder."""
    return "/" in name or os.sep in name or name.lower().endswith(".npz") or name.startswith((".", "~"))


def find(text: str) -> Origin:
    """What is at the path, from its listing alone. Raises `UserError` if it cannot hold images, and on a demo, whose
    visitors must not explore the server's files."""
    demo.refuse("opening images by their path")
    try:
        path = Path(os.path.abspath(Path(text).expanduser()))
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"there is no file or folder {text}") from None
    except (OSError, ValueError, RuntimeError) as error:  # a link to itself, a null byte, an unknown user's home
        raise UserError(f"{text} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    is_folder = stat.S_ISDIR(status.st_mode)
    if not is_folder and not (stat.S_ISREG(status.st_mode) and path.suffix.lower() == ".npz"):
        raise UserError(f"{text} is neither a folder of images nor an .npz file")
    files = listing(path, text) if is_folder else []
    listed = files if is_folder else [status.st_size, status.st_mtime_ns]
    digest = hashlib.sha256(json.dumps([READER, str(path), listed]).encode()).hexdigest()[:16]
    return Origin(text, path, is_folder, files, digest)


def ensure(text: str, progress: Progress, *, thorough: bool) -> Opened:
    """Make sure the images at the path are in the cache as they are now; see `cache.ensure`.

    Raises `UserError` when they cannot be used.
    """
    origin = find(text)

    def make() -> tuple[Arrays, cache.Facts]:
        arrays, classes = _read(origin, progress)
        if find(text) != origin:
            raise AecoreError(f"{text} changed while it was read: try again")
        facts = {
            "path": str(origin.path),
            "title": origin.title,
            "image_shape": arrays.x_train.shape[1:],
            "train_images": len(arrays.x_train),
            "test_images": len(arrays.x_test),
            "classes": classes,
        }
        return arrays, facts

    result = cache.ensure(origin.cached, make, thorough=thorough, lock="own")
    if result == "prepared":
        _remove_older(origin)
    return Opened(_described(origin), origin.cached, result)


def _read(origin: Origin, progress: Progress) -> tuple[Arrays, tuple[str, ...]]:
    if origin.is_folder:
        return read_folder(origin.path, origin.text, origin.files, progress)
    return read_npz(origin.path, origin.text)


def _described(origin: Origin) -> DataSet:
    facts = cache.facts(origin.cached)
    return DataSet(
        origin.text,
        facts["title"],
        tuple(facts["image_shape"]),
        facts["train_images"],
        facts["test_images"],
        tuple(facts["classes"]),
        f"Your own images, {origin.text}",
        lambda _raw, progress: _read(origin, progress)[0],
    )


def _remove_older(origin: Origin) -> None:
    """Remove earlier versions of the same path from the cache."""
    for folder in cache.data_root().glob(f"own-{_slug(origin.title)}-*"):
        try:
            outdated = folder != origin.cached and cache.facts(folder).get("path") == str(origin.path)
        except (OSError, ValueError):
            continue
        if outdated:
            shutil.rmtree(folder, ignore_errors=True)


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-") or "images"
