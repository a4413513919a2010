"""Arrays from NumPy's files, `.npz` and `.npy`.

The file may come from anywhere, so nothing in it is executed, and no array is read before its header has been checked.
"""

from __future__ import annotations

import math
import zipfile
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from aecore.data.custom.packed import open_bounded
from aecore.data.custom.stored import Stored, as_user_errors
from aecore.errors import UserError
from aecore.files import whole_zip


def npz_arrays(path: Path, text: str) -> list[Stored]:
    """The arrays of an `.npz` file; `text` is what messages call it. Raises `UserError`."""
    with as_user_errors(text, "an .npz file"), zipfile.ZipFile(path) as archive:
        whole_zip(archive)
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        found = []
        for name in names:
            key, entry = name.removesuffix(".npy"), archive.getinfo(name)
            with archive.open(entry) as file:
                shape, dtype = _header(file, entry.file_size, f"{text} is damaged: {key}")
            found.append(Stored(key, shape, dtype, partial(_from_archive, path, name, text)))
        return found


def npy_arrays(path: Path, text: str, name: str = "") -> list[Stored]:
    """The array of an `.npy` file, or of one in `.gz`, under that name. Raises `UserError`."""
    with as_user_errors(text, "an .npy file"), open_bounded(path, text) as file:
        size = file.seek(0, 2)
        file.seek(0)
        shape, dtype = _header(file, size, f"{text} is damaged: the array")
    return [Stored(name, shape, dtype, partial(_from_file, path, text))]


def _header(file: IO[bytes], size: int, what: str) -> tuple[tuple[int, ...], np.dtype]:
    """The array's shape and type. Raises `UserError` if its length in the file, `size` bytes, is another."""
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, _, dtype = read(file)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize != size - file.tell():
        raise UserError(f"{what} is not as long as its header says")
    return shape, dtype


def _from_archive(path: Path, name: str, text: str) -> np.ndarray:
    with as_user_errors(text, "an .npz file"), zipfile.ZipFile(path) as archive, archive.open(name) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _from_file(path: Path, text: str) -> np.ndarray:
    with as_user_errors(text, "an .npy file"), open_bounded(path, text) as file:
        return np.lib.format.read_array(file, allow_pickle=False)
