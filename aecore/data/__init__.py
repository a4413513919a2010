"""Image sets: the catalogue, their sources, and the cache of prepared sets."""

from aecore.data.cache import data_root
from aecore.data.catalogue import CATALOGUE, data_set
from aecore.data.image_set import DataSet
from aecore.data.load_set import ImageSet, cached_at, load, prepare, prepared, understood

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
