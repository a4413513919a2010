"""The user's images from an `.npz` file in the Keras layout: `x_train`, `y_train`, `x_test`, `y_test`.

The file may come from anywhere, so nothing in it is executed, and no array is read before its header has been checked.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aecore.data.convert import to_uint8
from aecore.data.custom.limits import MAX_SIDE, MIN_SIDE, UNLABELLED, check_bytes, check_counts, held_out
from aecore.data.image_set import Arrays
from aecore.errors import UserError

KEYS = ("x_train", "y_train", "x_test", "y_test")


class Header(NamedTuple):
    """The header of an array in the file."""

    shape: tuple[int, ...]
    dtype: np.dtype


def read_npz(path: Path, text: str) -> tuple[Arrays, tuple[str, ...]]:
    """The images of the file, and the classes' names; `text` is what messages call it.

    Images are (N, H, W) or (N, H, W, C) with 1 or 3 channels, uint8 or floats from 0 to 1; labels are integers
    from 0 to 255. Without labels all are 0; without `x_test` every sixth image is a test image. Raises `UserError`.
    """
    with _as_user_errors(text), zipfile.ZipFile(path) as archive:
        headers = {key: _header(archive, key, text) for key in KEYS if f"{key}.npy" in archive.namelist()}
        _check(headers, archive, text)
        parts = {key: _array(archive, key) for key in headers}
    x_train, x_test = (_images(parts[key], key, text) if key in parts else None for key in ("x_train", "x_test"))
    y_train, y_test = (_labels(parts[key], key, text) if key in parts else None for key in ("y_train", "y_test"))
    assert x_train is not None  # checked with the headers
    classes = UNLABELLED
    if y_train is None:
        y_train = np.zeros(len(x_train), np.uint8)
        y_test = None if x_test is None else np.zeros(len(x_test), np.uint8)
    else:
        highest = max(int(labels.max(initial=0)) for labels in (y_train, y_test) if labels is not None)
        classes = tuple(str(label) for label in range(highest + 1))
    if x_test is None or y_test is None:
        test = held_out(len(x_train))
        x_train, y_train, x_test, y_test = x_train[~test], y_train[~test], x_train[test], y_train[test]
    check_counts(text, len(x_train), len(x_test))
    return Arrays(x_train, y_train, x_test, y_test), classes


@contextmanager
def _as_user_errors(text: str) -> Iterator[None]:
    """Raise whatever goes wrong in reading the file as `UserError`."""
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{text} cannot be read: {error.strerror or error}") from None
    except zipfile.BadZipFile as error:
        raise UserError(f"{text} is not an .npz file, or damaged: {error}") from None
    except Exception as error:  # the errors of zipfile and its decoders for damaged archives are not documented
        raise UserError(f"{text} is damaged: {str(error) or type(error).__name__}") from None


def _header(archive: zipfile.ZipFile, key: str, text: str) -> Header:
    """The array's shape and type. Raises `UserError` if its length in the file is another."""
    entry = archive.getinfo(f"{key}.npy")
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, _, dtype = read(file)
        if not dtype.hasobject and math.prod(shape) * dtype.itemsize != entry.file_size - file.tell():
            raise UserError(f"{text} is damaged: {key} is not as long as its header says")
    return Header(shape, dtype)


def _check(headers: dict[str, Header], archive: zipfile.ZipFile, text: str) -> None:
    """Raise `UserError` for arrays that do not fit each other or the layout, judged by their headers."""
    if "x_train" not in headers:
        names = ", ".join(name.removesuffix(".npy") for name in archive.namelist()[:8]) or "nothing"
        raise UserError(f"{text} holds no x_train but {names}: expected {', '.join(KEYS)}")
    for key in ("x_train", "x_test"):
        if key in headers:
            _check_images(headers[key], key, text)
    for split, other in (("train", "test"), ("test", "train")):
        if f"y_{split}" in headers:
            if f"x_{split}" not in headers:
                raise UserError(f"{text} holds y_{split} but no x_{split}")
            if f"x_{other}" in headers and f"y_{other}" not in headers:
                raise UserError(f"{text} holds y_{split} but no y_{other}: give labels for both or for neither")
            _check_labels(headers[f"y_{split}"], f"y_{split}", headers[f"x_{split}"].shape[0], text)
    images = [headers[key] for key in ("x_train", "x_test") if key in headers]
    if len({(*header.shape[1:], 1)[:3] for header in images}) > 1:
        train, test = (header.shape[1:] for header in images)
        raise UserError(f"{text}: the images of x_train {train} and of x_test {test} differ in size")
    check_bytes(text, *((*header.shape, header.dtype.itemsize) for header in images))


def _check_images(header: Header, key: str, text: str) -> None:
    shape, dtype = header
    if len(shape) not in (3, 4) or (*shape, 1)[3] not in (1, 3):
        raise UserError(
            f"{text}: {key} has the shape {shape}; expected (N, H, W), or (N, H, W, C) with 1 or 3 channels last"
        )
    if dtype != np.uint8 and dtype.kind != "f":
        raise UserError(f"{text}: {key} is {dtype}; expected uint8, or floats from 0 to 1")
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in shape[1:3]):
        raise UserError(
            f"{text}: the images of {key} are {shape[1]}×{shape[2]}; expected {MIN_SIDE} to {MAX_SIDE} pixels a side"
        )


def _check_labels(header: Header, key: str, images: int, text: str) -> None:
    shape, dtype = header
    if shape not in ((images,), (images, 1)):
        raise UserError(f"{text}: {key} has the shape {shape}; expected one label an image, ({images},)")
    if dtype.kind not in "iu":
        raise UserError(f"{text}: {key} is {dtype}; expected integers from 0 to 255")


def _array(archive: zipfile.ZipFile, key: str) -> np.ndarray:
    with archive.open(f"{key}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _images(values: np.ndarray, key: str, text: str) -> np.ndarray:
    """Checked images (N, H, W) or (N, H, W, C) as uint8 (N, C, H, W)."""
    if values.ndim == 3:
        values = values[..., None]
    values = values.transpose(0, 3, 1, 2)
    if values.dtype == np.uint8:
        return values
    images = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), 1000):  # in pieces, without another copy of the floats
        piece = values[start : start + 1000].astype(np.float64)
        if not np.isfinite(piece).all():
            raise UserError(f"{text}: {key} holds values that are not numbers (NaN or infinite)")
        low, high = piece.min(), piece.max()
        if low < 0 or high > 1 + 1e-6:  # a float32 computation may end a hair above 1
            raise UserError(
                f"{text}: {key} is {values.dtype} with values from {low:g} to {high:g}; expected uint8, or floats "
                "from 0 to 1"
            )
        images[start : start + 1000] = to_uint8(piece)
    return images


def _labels(values: np.ndarray, key: str, text: str) -> np.ndarray:
    if len(values) and (values.min() < 0 or values.max() > 255):
        raise UserError(f"{text}: {key} holds labels from {values.min()} to {values.max()}; expected 0 to 255")
    return values.reshape(-1).astype(np.uint8)
