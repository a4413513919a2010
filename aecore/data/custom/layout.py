"""Which axis of an array is which: images first or last, channels first or last, or each image a row of numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from aecore.data.custom.limits import MIN_SIDE
from aecore.errors import UserError

CERTAIN = 0.8
"""One order of a row's numbers is taken for certain when pixels below each other differ by at most this share of what
they differ by in the other order."""
SAMPLE = 200


class Layout(NamedTuple):
    """How to make (N, H, W, C) of an array: move `axes` there after reshaping it to `shape`, None for as it is."""

    shape: tuple[int, ...] | None
    axes: tuple[int, ...]
    words: str
    flat_colour: int = 0
    """The side of images that are rows of 3·side² numbers, whose order only the pixels can tell."""


def layout_of(shape: tuple[int, ...], what: str, labels: int | None, *, images_last: bool) -> Layout:
    """The layout of an array of images of that shape; `labels` is the number of labels that belong to it, if any.

    `images_last`: of a file whose arrays have the images along the last axis by custom. Raises `UserError`, which
    begins with `what`, where it is not certain.
    """
    if len(shape) == 2:
        return _flat(shape, what, labels)
    if len(shape) == 3:
        return _grey(shape, what, labels, images_last)
    if len(shape) == 4:
        return _with_channels(shape, what)
    raise UserError(f"{what} has the shape {shape}; {_EXPECTED}")


_EXPECTED = "expected (N, H, W), or (N, H, W, C) with 1 or 3 channels last, or (N, C, H, W)"


def _grey(shape: tuple[int, ...], what: str, labels: int | None, images_last: bool) -> Layout:
    first = Layout(None, (0, 1, 2), "(N, H, W)")
    last = Layout(None, (2, 0, 1), "(H, W, N)")
    if labels is not None and shape[0] != shape[2]:
        if shape[0] == labels:
            return first
        if shape[2] == labels:
            return last
    if min(shape[1:]) < MIN_SIDE and shape[2] in (3, 4) and min(shape[:2]) >= MIN_SIDE:
        raise UserError(f"{what} has the shape {shape}, which is one picture; {_EXPECTED}")
    if shape[0] == shape[1] != shape[2] and min(shape) >= MIN_SIDE:
        if images_last:
            return last
        if labels is None:
            raise UserError(
                f"{what} has the shape {shape}, and it cannot be told whether the images are along the first axis or "
                "the last: give labels with it, or (N, H, W, 1)"
            )
    return first


def _with_channels(shape: tuple[int, ...], what: str) -> Layout:
    able = []
    if shape[3] in (1, 3, 4) and min(shape[1:3]) >= MIN_SIDE:
        able.append(Layout(None, (0, 1, 2, 3), "(N, H, W, C)"))
    if shape[1] in (1, 3, 4) and min(shape[2:]) >= MIN_SIDE:
        able.append(Layout(None, (0, 2, 3, 1), "(N, C, H, W)"))
    if shape[2] in (1, 3, 4) and min(shape[:2]) >= MIN_SIDE:
        able.append(Layout(None, (3, 0, 1, 2), "(H, W, C, N)"))
    if len(able) == 1:
        return able[0]
    if not able and shape[3] in (1, 3):  # too small, which is said of the sides
        return Layout(None, (0, 1, 2, 3), "(N, H, W, C)")
    if not able and shape[1] in (1, 3):
        return Layout(None, (0, 2, 3, 1), "(N, C, H, W)")
    raise UserError(f"{what} has the shape {shape}; {_EXPECTED}")


def _flat(shape: tuple[int, ...], what: str, labels: int | None) -> Layout:
    """Rows of numbers that are square images; the rows may be columns, as in older files of MNIST."""
    columns = labels is not None and shape[1] == labels != shape[0]
    count, values = (shape[1], shape[0]) if columns else shape
    order = (1, 0) if columns else (0, 1)
    side, colour = math.isqrt(values), math.isqrt(values // 3)
    if side * side == values and side >= MIN_SIDE:
        return Layout((count, side, side, 1), order, f"each image {values} numbers, {side}×{side} row by row")
    if 3 * colour * colour == values and colour >= MIN_SIDE:
        return Layout(None, order, f"each image {values:,} numbers", flat_colour=colour)
    raise UserError(f"{what} has the shape {shape}; {_EXPECTED}, or a square image a row")


def image_shape(layout: Layout, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """(N, H, W, C) of an array of that shape under the layout."""
    if layout.flat_colour:
        return (shape[layout.axes[0]], layout.flat_colour, layout.flat_colour, 3)
    if layout.shape:
        n, height, width, channels = layout.shape
        return (n, height, width, channels)
    moved = tuple(shape[axis] for axis in layout.axes)
    n, height, width, channels = (*moved, 1)[:4]
    return (n, height, width, channels)


def apply(layout: Layout, values: np.ndarray, what: str) -> tuple[np.ndarray, str]:
    """The array as (N, H, W, C), a view where possible, and the layout in words.

    Raises `UserError` where the order of a row's numbers cannot be told from the pixels.
    """
    values = values.transpose(layout.axes)
    if layout.flat_colour:
        return _colour_rows(values, layout, what)
    if layout.shape:
        return values.reshape(layout.shape), layout.words
    return (values if values.ndim == 4 else values[..., None]), layout.words


def _colour_rows(values: np.ndarray, layout: Layout, what: str) -> tuple[np.ndarray, str]:
    """Rows of 3·side² numbers, in planes (all red, all green, all blue) or pixel by pixel.

    A pixel is most like the one below it. That is `side` numbers on in planes, where 3·side are three rows, and 3·side
    numbers on pixel by pixel, where `side` numbers on is another colour elsewhere.
    """
    side = layout.flat_colour
    some = values[np.linspace(0, len(values) - 1, min(len(values), SAMPLE)).astype(int)].astype(np.float64)
    one, three = (float(np.abs(some[:, lag:] - some[:, :-lag]).mean()) for lag in (side, 3 * side))
    if one <= CERTAIN * three:
        planes = values.reshape(-1, 3, side, side).transpose(0, 2, 3, 1)
        return planes, f"{layout.words}, {side}×{side} in red, green and blue planes"
    if three <= CERTAIN * one:
        return values.reshape(-1, side, side, 3), f"{layout.words}, {side}×{side} pixel by pixel"
    raise UserError(
        f"{what} has rows of {3 * side * side:,} numbers, and it cannot be told whether they are in planes or pixel by "
        f"pixel: reshape it to (N, {side}, {side}, 3)"
    )
