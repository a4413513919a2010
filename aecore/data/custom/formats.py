"""The kinds of files that the user's images come in, by their names and first bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from aecore.data.custom.folder import is_picture
from aecore.data.custom.idx import idx_arrays, is_idx
from aecore.data.custom.matlab import matlab_arrays
from aecore.data.custom.npz import npy_arrays, npz_arrays
from aecore.data.custom.stored import Stored
from aecore.data.custom.table import table_arrays
from aecore.data.custom.tensors import tensor_arrays
from aecore.data.custom.understood import Understood
from aecore.errors import UserError

ARCHIVE, PARQUET = "zip", "parquet"
"""Kinds that hold pictures, not arrays."""


class Kind(NamedTuple):
    """A kind of file: what reports call it, and for arrays how they are read, as `read(path, text, name, report)`."""

    name: str
    words: str
    read: Callable[[Path, str, str, Understood], list[Stored]] | None = None


KINDS = {
    ".npz": Kind("npz", "an .npz file of arrays", lambda path, text, name, report: npz_arrays(path, text)),
    ".npy": Kind("npy", "an .npy file", lambda path, text, name, report: npy_arrays(path, text, name)),
    ".pt": Kind("pt", "a file of tensors", lambda path, text, name, report: tensor_arrays(path, text, name)),
    ".pth": Kind("pt", "a file of tensors", lambda path, text, name, report: tensor_arrays(path, text, name)),
    ".mat": Kind("mat", "a .mat file", lambda path, text, name, report: matlab_arrays(path, text, name)),
    ".csv": Kind(
        "csv", "a table with an image a row", lambda path, text, name, report: table_arrays(path, text, report, name)
    ),
    ".tsv": Kind(
        "csv", "a table with an image a row", lambda path, text, name, report: table_arrays(path, text, report, name)
    ),
    ".zip": Kind(ARCHIVE, "a zip archive of pictures"),
    ".parquet": Kind(PARQUET, "a table with a picture a row"),
}
IDX = Kind("idx", "an IDX file", lambda path, text, name, report: idx_arrays(path, text, name))
IDX_SUFFIXES = ("-ubyte", ".ubyte", ".idx", ".idx1", ".idx3", ".idx4")
PACKED = ("npy", "csv", "idx")
"""Kinds that are read from `.gz` too."""

REFUSED = {
    **dict.fromkeys(
        (".pkl", ".pickle", ".p", ".joblib", ".dill"),
        "is a pickle, which can run code when it is opened: save its arrays with numpy.savez(x_train=…, y_train=…)",
    ),
    **dict.fromkeys(
        (".h5", ".hdf5", ".hdf", ".keras"), "is HDF5, which is not read: save its arrays with numpy.savez(x_train=…)"
    ),
    **dict.fromkeys(
        (".tar", ".tgz", ".tbz2", ".7z", ".rar", ".xz", ".bz2"), "is an archive: unpack it and give its folder"
    ),
    **dict.fromkeys(
        (".tfrecord", ".tfrecords", ".feather", ".arrow", ".lmdb", ".xlsx"),
        "is of a kind that is not read: give a folder of pictures or an .npz file",
    ),
}
"""What is wrong with files of these kinds, and what would be right."""
SUFFIXES = (*KINDS, *REFUSED, *IDX_SUFFIXES, ".gz")


def bare_name(name: str) -> str:
    """The name in lower case, without `.gz`."""
    return name.lower().removesuffix(".gz")


def kind_of(name: str, start: bytes) -> Kind | None:
    """The kind of a file by its name and, where that says nothing, its first four bytes, unpacked; None for another."""
    bare = bare_name(name)
    packed = bare != name.lower()
    found = next((kind for suffix, kind in KINDS.items() if bare.endswith(suffix)), None)
    if found is None and (bare.endswith(IDX_SUFFIXES) or is_idx(start)):
        found = IDX
    return found if found is None or not packed or found.name in PACKED else None


def refusal(name: str, start: bytes) -> str:
    """What is wrong with a file that `kind_of` does not know, and what would be right; empty if it cannot be said."""
    lower = name.lower()
    if lower.endswith((".tar.gz", ".tar.bz2", ".tar.xz")):
        return REFUSED[".tar"]
    why = next((why for suffix, why in REFUSED.items() if lower.endswith(suffix)), "")
    if not why and len(start) > 1 and start[0] == 0x80 and 2 <= start[1] <= 5:
        why = REFUSED[".pkl"]
    if why == REFUSED[".pkl"] and re.search(r"data_batch|test_batch|cifar", lower):
        why += "; CIFAR-10 itself is the image set cifar10"
    return why


def check_kind(name: str, start: bytes, text: str) -> Kind:
    """The kind of a file. Raises `UserError` with what would be right for any other."""
    found = kind_of(name, start)
    if found is None:
        why = refusal(name, start) or ("is one picture: give the path of its folder" if is_picture(name) else "")
        raise UserError(f"{text} {why}" if why else f"{text} is neither a folder of images nor an .npz file")
    return found
