"""Image sets: what there is, where it comes from, and the cache it is kept in."""

from aecore.data.cache import ImageSet, data_root, load, prepare, prepared
from aecore.data.catalogue import CATALOGUE, DataSet, data_set

__all__ = ["CATALOGUE", "DataSet", "ImageSet", "data_root", "data_set", "load", "prepare", "prepared"]
