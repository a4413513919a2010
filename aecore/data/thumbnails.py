"""Small pictures of test images, for where the image set itself is not: shipped for the reports' sets, kept in the run
for others.

`pictures/mnist.webp` holds all 10,000 test images of MNIST without loss, `pictures/cifar10.webp` 3,000 of CIFAR-10,
evenly spread over its test set and compressed. The labels lie beside them; `python -m tools.make_pictures` makes them.
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
"""Larger images are kept this small."""
MOST_PIXELS = 4_000_000
"""Of the pictures that a run keeps."""


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


def chosen(data_name: str, shape: tuple[int, int, int], test_images: int) -> np.ndarray:
    """Which test images a run keeps codes of, int64, ascending: those that there are pictures of, or can be kept."""
    if data_name in SHIPPED:
        return evenly_spaced(test_images, SHIPPED[data_name].count)
    height, width = (min(side, LARGEST_SIDE) for side in shape[1:])
    return evenly_spaced(test_images, min(MOST_POINTS, MOST_PIXELS // (height * width)))


def shipped(data_name: str, indices: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """The shipped pictures of these test images, uint8 (N, C, H, W), or None where one of them is not among them.

    `labels` (N,) tell the colour of coloured digits.
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
    """Numbers in the test set, ascending, and labels of all images of that set that ship; None where none do."""
    sheet = SHIPPED.get(data_name)
    if sheet is None:
        return None
    labels = np.frombuffer(labels_file(sheet).read_bytes(), np.uint8)
    return evenly_spaced(sheet.total, sheet.count), labels


def labels_file(sheet: Shipped) -> Path:
    """One byte an image."""
    return (FOLDER / sheet.file).with_suffix(".labels")


def small(images: np.ndarray) -> np.ndarray:
    """Images uint8 (N, C, H, W), no side longer than `LARGEST_SIDE`, in their own proportions."""
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
    """Tiles uint8 (N, C, H, W) in reading order as one picture, grey or RGB."""
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
