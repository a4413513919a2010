"""Arrays from MATLAB's `.mat` files up to version 7, such as SVHN's: images along the last axis."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from aecore.data.custom import limits
from aecore.data.custom.stored import Stored, as_user_errors, stored
from aecore.errors import UserError

COMPRESSED = 15
"""The tag of a compressed element."""
CHUNK = 1 << 20
DEEPEST = 4
"""Structs in structs, as in EMNIST's file."""


def matlab_arrays(path: Path, text: str, name: str = "") -> list[Stored]:
    """The numeric arrays of a `.mat` file, those in structs under `STRUCT/FIELD`. Raises `UserError`."""
    with as_user_errors(text, "a .mat file"):
        with path.open("rb") as file:
            if file.read(19) == b"MATLAB 7.3 MAT-file":
                raise UserError(f"{text} is of MATLAB 7.3 (HDF5), which is not read: save it with -v7, or as .npz")
        _check_size(path, text)
        from scipy.io import loadmat

        content = loadmat(path)
    found: list[Stored] = []
    for key, value in content.items():
        if not key.startswith("__"):
            _collect(value, f"{name}/{key}" if name else key, found, DEEPEST)
    if not found:
        raise UserError(f"{text} holds no numeric arrays: expected X and y, or images and labels")
    return found


def _collect(value: Any, name: str, found: list[Stored], deeper: int) -> None:
    if not isinstance(value, np.ndarray):
        return
    if value.dtype.names and value.size == 1 and deeper:
        for field in value.dtype.names:
            _collect(value.reshape(-1)[0][field], f"{name}/{field}", found, deeper - 1)
    elif value.dtype.kind in "biuf" and value.size > 1:
        found.append(stored(name, value, columns_first=True))


def _check_size(path: Path, text: str) -> None:
    """Raise `UserError` when the file's compressed elements unpack to more than all images may take."""
    total = 0
    with path.open("rb") as file:
        header = file.read(128)
        order = "little" if header[126:128] == b"IM" else "big"
        if header[:4] and 0 in header[:4]:  # version 4, which knows no compression
            return
        while len(tag := file.read(8)) == 8:
            kind, size = int.from_bytes(tag[:4], order), int.from_bytes(tag[4:], order)
            if kind != COMPRESSED:
                file.seek(size, 1)
                continue
            total += _unpacked(file.read(size), limits.MAX_BYTES + CHUNK - total)
            if total > limits.MAX_BYTES:
                raise UserError(
                    f"{text} unpacks to more than {limits.MAX_BYTES / 1e9:.1f} GB: use fewer or smaller images"
                )


def _unpacked(packed: bytes, most: int) -> int:
    """The unpacked length of zlib's bytes, counted until it exceeds `most`."""
    machine, length = zlib.decompressobj(), 0
    while packed and length <= most:
        length += len(machine.decompress(packed, CHUNK))
        packed = machine.unconsumed_tail
    return length
