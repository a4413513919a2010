"""Loading image sets by name or path: prepared the first time, then from the cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aecore.data import cache
from aecore.data.cache import Opened
from aecore.data.catalogue import data_set
from aecore.data.custom import source as custom_source
from aecore.data.custom.understood import Understood
from aecore.data.image_set import Arrays, DataSet, Derived, Progress
from aecore.data.place import data_root
from aecore.errors import UserError


@dataclass(frozen=True)
class ImageSet:
    """A prepared image set. Images are uint8 (N, C, H, W) memory maps, labels uint8 (N,)."""

    about: DataSet
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def cached_at(name: str) -> Path:
    """The set's folder in the cache, prepared or not. Raises `UserError` for an unknown set or missing path."""
    return custom_source.find(name).cached if custom_source.is_path(name) else data_root() / data_set(name).name


def prepared(name: str) -> bool:
    """Whether the set can be loaded at once, without downloading or converting anything."""
    try:
        folder = cached_at(name)
    except UserError:
        if custom_source.is_path(name):
            return False
        raise
    return cache.is_there(folder)


def prepare(name: str, progress: Progress = lambda what, done, total: None) -> str:
    """Make sure the set is in the cache, unchanged: `"ready"`, `"prepared"`, or `"rebuilt"` after damage.

    Reads every byte against its SHA-256. Raises `UserError` for an unknown set or a path that holds no images,
    and `AecoreError` when it cannot be downloaded or stored.
    """
    return _ensure(name, progress, thorough=True).result


def understood(name: str) -> Understood | None:
    """What was understood of the user's own images at a path, prepared first if need be; None for the catalogue's.

    Raises `UserError` for an unknown set or a path that holds no images.
    """
    if custom_source.is_path(name):
        return custom_source.understood(name)
    data_set(name)
    return None


def load(name: str, progress: Progress = lambda what, done, total: None) -> ImageSet:
    """The set as memory maps, prepared first if need be; files that this process has read against their SHA-256 are
    trusted until they change."""
    opened = _ensure(name, progress, thorough=False)
    return ImageSet(opened.about, *cache.arrays(opened.folder))


def _ensure(name: str, progress: Progress, *, thorough: bool) -> Opened:
    if custom_source.is_path(name):
        return custom_source.ensure(name, progress, thorough=thorough)
    about, folder = data_set(name), data_root() / name

    def make() -> tuple[Arrays, cache.Facts]:
        if isinstance(about.source, Derived):
            base = _ensure(about.source.base, progress, thorough=True)
            return about.source.make(cache.arrays(base.folder)), {}
        raw = folder / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        return about.source(raw, progress), {}

    return Opened(about, folder, cache.ensure(folder, make, thorough=thorough))
