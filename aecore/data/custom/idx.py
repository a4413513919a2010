"""Arrays from IDX files, the format of MNIST: plain or in `.gz`."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import numpy as np

from aecore.data.custom.packed import open_bounded
from aecore.data.custom.stored import Stored, as_user_errors
from aecore.errors import UserError

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
"""NumPy's types by the third byte."""


def is_idx(start: bytes) -> bool:
    """Whether a file with these first four bytes is an IDX file."""
    return len(start) >= 4 and start[:2] == b"\0\0" and start[2] in TYPES and 1 <= start[3] <= 5


def idx_arrays(path: Path, text: str, name: str) -> list[Stored]:
    """The array of an IDX file, under that name. Raises `UserError`, also where its length is not the header's."""
    with as_user_errors(text, "an IDX file"), open_bounded(path, text) as file:
        start = file.read(4)
        if not is_idx(start):
            raise UserError(f"{text} is not an IDX file: it should begin with two zero bytes, a type and the axes")
        shape = tuple(int.from_bytes(file.read(4), "big") for _ in range(start[3]))
        offset, size = 4 + 4 * start[3], file.seek(0, 2)
    dtype = np.dtype(TYPES[start[2]])
    if math.prod(shape) * dtype.itemsize != size - offset:
        raise UserError(f"{text} is damaged: it is not as long as its header says")
    return [Stored(name, shape, dtype, partial(_read, path, text, offset, shape, dtype))]


def _read(path: Path, text: str, offset: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    with as_user_errors(text, "an IDX file"), open_bounded(path, text) as file:
        file.seek(offset)
        return np.frombuffer(file.read(), dtype).reshape(shape)
