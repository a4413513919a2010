"""Image sets: what there is, where it comes from, and the cache it is kept in."""

from aecore.data.access import ImageSet, cached_at, load, prepare, prepared
from aecore.data.cache import data_root
from aecore.data.catalogue import CATALOGUE, data_set
from aecore.data.sets import DataSet

__all__ = ["CATALOGUE", "DataSet", "ImageSet", "cached_at", "data_root", "data_set", "load", "prepare", "prepared"]
