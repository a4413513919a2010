"""The user's own images, named by a path: a folder or file of any kind, read once and kept in the cache.

When the file changes, or anything in the folder's listing, the images are read again. Each size that is asked for has
a copy of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock

from aecore import access
from aecore.config.image_source import OWN_LARGEST_SIDE, OWN_SMALLEST_SIDE, ImageSource
from aecore.data import cache
from aecore.data.cache import Opened
from aecore.data.custom import formats
from aecore.data.custom.arrays import Found
from aecore.data.custom.folder import Listing, listing
from aecore.data.custom.read import first_bytes, read_file, read_folder, used_files
from aecore.data.custom.size import Asked
from aecore.data.custom.understood import Understood
from aecore.data.image_set import Arrays, DataSet, Progress
from aecore.data.place import data_root
from aecore.errors import AecoreError, UserError

UPLOADS = "uploads"
"""The folder in the cache for images that came through a browser."""
READER = 2
"""Increase it when the same files give other arrays than before."""


@dataclass(frozen=True)
class Origin:
    """The user's images as they are on disk at this moment; `files` are what is read of a folder."""

    text: str
    path: Path
    is_folder: bool
    files: Sequence[tuple[str, int, tuple[int, int]]]
    listed: Listing
    asked: Asked
    state: str
    """A digest of the path and what is there, whatever size is asked for."""

    @property
    def title(self) -> str:
        return (self.path.name if self.is_folder else self.path.stem) or "images"

    @property
    def cached(self) -> Path:
        """The folder in the cache for these files as they are now, in the size asked for."""
        digest = hashlib.sha256(json.dumps([self.state, *self.asked]).encode()).hexdigest()[:16]
        return data_root() / f"own-{_slug(self.title)}-{digest}"

    @property
    def begun(self) -> Path:
        """The folder in the cache for what is done of them while they are read."""
        return self.cached.with_name(f"{self.cached.name}-begun")


def is_path(name: str) -> bool:
    """Whether a data set's name is the path of a file or folder."""
    name = ImageSource.parse(name).name
    return "/" in name or os.sep in name or name.lower().endswith(formats.SUFFIXES) or name.startswith((".", "~"))


def find(text: str) -> Origin:
    """What is at the path, from its listing alone. Raises `UserError` if it cannot hold images, and to those who may
    not explore the server's files."""
    _check_allowed(text)
    text, size, fit = ImageSource.parse(text)
    if size and not OWN_SMALLEST_SIDE <= size <= OWN_LARGEST_SIDE:
        raise UserError(f"data.size: should be from {OWN_SMALLEST_SIDE} to {OWN_LARGEST_SIDE} pixels, or 0, got {size}")
    try:
        path = Path(os.path.abspath(Path(text).expanduser()))
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"there is no file or folder {text}") from None
    except (OSError, ValueError, RuntimeError) as error:  # a link to itself, a null byte, an unknown user's home
        raise UserError(f"{text} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    is_folder = stat.S_ISDIR(status.st_mode)
    if not is_folder:
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"{text} is neither a folder of images nor an .npz file")
        formats.check_kind(path.name, first_bytes(path), text)
    found = listing(path, text) if is_folder else Listing()
    files = used_files(path, found) if is_folder else []
    listed = files if is_folder else [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    state = hashlib.sha256(json.dumps([READER, str(path), listed]).encode()).hexdigest()[:16]
    return Origin(text, path, is_folder, files, found, Asked(size, fit), state)


def _check_allowed(text: str) -> None:
    """Whoever may train may use what was uploaded; other paths are for those who manage."""
    if access.may("manage"):
        return
    uploaded = os.path.realpath(data_root() / UPLOADS)
    inside = False
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # a path that cannot be: it is refused like others
        given = os.path.realpath(Path(ImageSource.parse(text).name).expanduser())
        inside = given.startswith(uploaded + os.sep)
    access.check("opening images by their path", role="train" if inside else "manage")


def ensure(text: str, progress: Progress, *, thorough: bool) -> Opened:
    """Make sure the images at the path are in the cache as they are now; see `cache.ensure`.

    Raises `UserError` when they cannot be used.
    """
    origin = find(text)

    def make() -> tuple[Arrays, cache.Facts]:
        found = _read(origin, progress, origin.begun)
        if find(text).state != origin.state:
            raise AecoreError(f"{origin.text} changed while it was read: try again")
        facts = {
            "path": str(origin.path),
            "state": origin.state,
            "title": origin.title,
            "image_shape": found.arrays.x_train.shape[1:],
            "train_images": len(found.arrays.x_train),
            "test_images": len(found.arrays.x_test),
            "classes": found.classes,
            "understood": found.report.as_json(),
        }
        return found.arrays, facts

    result = cache.ensure(origin.cached, make, thorough=thorough, lock="own")
    if result != "ready":
        shutil.rmtree(origin.begun, ignore_errors=True)
    if result == "prepared":
        _remove_older(origin)
    return Opened(_described(origin), origin.cached, result)


def understood(text: str) -> Understood:
    """What was understood of the images at the path, which are prepared first if need be. Raises `UserError`."""
    return report_of(ensure(text, lambda what, done, total: None, thorough=False))


def report_of(opened: Opened) -> Understood:
    """What was understood of images that `ensure` has made sure of."""
    return Understood.from_json(cache.facts(opened.folder)["understood"])


def _read(origin: Origin, progress: Progress, keep: Path | None = None) -> Found:
    if origin.is_folder:
        return read_folder(origin.path, origin.text, origin.listed, origin.asked, progress, keep)
    return read_file(origin.path, origin.text, origin.asked, progress)


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
        lambda _raw, progress: _read(origin, progress).arrays,
    )


def _remove_older(origin: Origin) -> None:
    """Remove from the cache earlier versions of the same path, in whatever size, and what a killed process left."""
    root = data_root()
    # Under the lock of those who prepare, so that a folder without facts is nobody's.
    with contextlib.suppress(filelock.Timeout, OSError), filelock.FileLock(root / ".own.lock", timeout=0):
        for folder in root.glob("own-*"):
            try:
                facts = cache.facts(folder)
                outdated = facts.get("path") == str(origin.path) and facts.get("state") != origin.state
            except FileNotFoundError:
                outdated = True
            except (OSError, ValueError):
                continue
            if outdated:
                shutil.rmtree(folder, ignore_errors=True)


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-") or "images"
