"""Image sets: the catalogue, their sources, and the cache of prepared sets.

Each name is imported when it is first used: who reads runs needs neither NumPy nor the catalogue.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aecore.data.catalogue import CATALOGUE, data_set
    from aecore.data.image_set import DataSet
    from aecore.data.load_set import ImageSet, cached_at, load, prepare, prepared, understood
    from aecore.data.place import data_root

__all__ = [
    "CATALOGUE",
    "DataSet",
    "ImageSet",
    "cached_at",
    "data_root",
    "data_set",
    "load",
    "prepare",
    "prepared",
    "understood",
]
_HOME = {"CATALOGUE": "catalogue", "data_set": "catalogue", "data_root": "place", "DataSet": "image_set"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'aecore.data' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(f"aecore.data.{_HOME.get(name, 'load_set')}"), name)
    return value
