"""Thumbnails of test images, for machines without the image set: shipped for the reports' sets, in the run for others.

`shipped/mnist.webp` holds all 10,000 test images of MNIST without loss, `shipped/cifar10.webp` 3,000 of CIFAR-10,
evenly spread over its test set and compressed, each with its labels. `python -m tools.make_pictures` makes them.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from aecore.data.colored_mnist import PALETTE, tint
from aecore.data.subset import MOST_POINTS, evenly_spaced

FOLDER = Path(__file__).parent / "shipped"
LARGEST_SIDE = 32
"""Larger images are shrunk to this."""
MOST_PIXELS = 4_000_000
"""Of all thumbnails in a run."""


@dataclass(frozen=True)
class Shipped:
    """A sheet of square tiles in reading order: `count` of a test set of `total`."""

    file: str
    side: int
    channels: int
    count: int
    total: int
    lossless: bool


MNIST = Shipped("mnist.webp", 28, 1, 10_000, 10_000, lossless=True)
CIFAR = Shipped("cifar10.webp", 32, 3, 3_000, 10_000, lossless=False)
SHIPPED = {"mnist": MNIST, "colored-mnist": MNIST, "cifar10": CIFAR}


def kept_indices(data_name: str, shape: tuple[int, int, int], test_images: int) -> np.ndarray:
    """Indices of the test images whose codes a run saves, int64, ascending: those that can have a thumbnail."""
    if data_name in SHIPPED:
        return evenly_spaced(test_images, SHIPPED[data_name].count)
    height, width = (min(side, LARGEST_SIDE) for side in shape[1:])
    return evenly_spaced(test_images, min(MOST_POINTS, MOST_PIXELS // (height * width)))


def shipped(data_name: str, indices: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """The shipped thumbnails of these test images, uint8 (N, C, H, W), or None unless all of them ship.

    `labels` (N,) determine the colour of coloured digits.
    """
    sheet = SHIPPED.get(data_name)
    if sheet is None:
        return None
    kept = evenly_spaced(sheet.total, sheet.count)
    rows = np.searchsorted(kept, indices)
    if len(indices) and (rows.max() >= len(kept) or not np.array_equal(kept[rows], indices)):
        return None
    images = _tiles(sheet)[rows]
    return tint(images, PALETTE[labels]) if data_name == "colored-mnist" else images


def shipped_set(data_name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Indices in the test set, ascending, and labels of all thumbnails that ship for the set; None where none do."""
    sheet = SHIPPED.get(data_name)
    if sheet is None:
        return None
    labels = np.frombuffer(labels_file(sheet).read_bytes(), np.uint8)
    return evenly_spaced(sheet.total, sheet.count), labels


def labels_file(sheet: Shipped) -> Path:
    """The labels of the sheet's tiles, one byte each."""
    return (FOLDER / sheet.file).with_suffix(".labels")


def shrink(images: np.ndarray) -> np.ndarray:
    """Images uint8 (N, C, H, W) with no side longer than `LARGEST_SIDE`, aspect ratio kept."""
    height, width = images.shape[2:]
    longest = max(height, width)
    if longest <= LARGEST_SIDE:
        return np.array(images)
    size = (max(1, width * LARGEST_SIDE // longest), max(1, height * LARGEST_SIDE // longest))
    made = []
    for image in images:
        planes = [Image.fromarray(plane).resize(size, Image.Resampling.BOX) for plane in image]
        made.append(np.stack([np.asarray(plane) for plane in planes]))
    return np.stack(made)


def sheet_of(tiles: np.ndarray, per_line: int) -> Image.Image:
    """Tiles uint8 (N, C, H, W) in reading order as one image, grey or RGB."""
    count, channels, height, width = tiles.shape
    lines = math.ceil(count / per_line)
    padded = np.zeros((lines * per_line, *tiles.shape[1:]), np.uint8)
    padded[:count] = tiles
    sheet = padded.reshape(lines, per_line, channels, height, width).transpose(0, 3, 1, 4, 2)
    sheet = sheet.reshape(lines * height, per_line * width, channels)
    return Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet)


def per_line(sheet: Shipped) -> int:
    return math.isqrt(sheet.count - 1) + 1


@cache
def _tiles(sheet: Shipped) -> np.ndarray:
    """All tiles of a shipped sheet, uint8 (N, C, H, W)."""
    with Image.open(io.BytesIO((FOLDER / sheet.file).read_bytes())) as picture:
        pixels = np.asarray(picture.convert("L" if sheet.channels == 1 else "RGB"))
    side, across = sheet.side, per_line(sheet)
    tiles = pixels.reshape(-1, side, across, side, sheet.channels).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(tiles.reshape(-1, sheet.channels, side, side)[: sheet.count])
