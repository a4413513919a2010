"""Limits on the user's own images, however they are stored, and how a test set is split off."""

from __future__ import annotations

import math
import unicodedata

import numpy as np

from aecore.errors import UserError

MIN_SIDE = 8
MAX_SIDE = 4096
MAX_BYTES = 2 << 30
"""All images together: they are held in memory when they are read, and on the device in training."""
MOST_CLASSES = 256
"""Labels are bytes."""
UNLABELLED = ("unlabelled",)
"""The classes of images without labels; all have label 0."""


def held_out(count: int) -> np.ndarray:
    """A mask of the test images among `count` where no split is given: the first and every sixth after it, bool."""
    return np.arange(count) % 6 == 0


def check_counts(text: str, train: int, test: int, because: str = "") -> None:
    """Raise `UserError` for fewer images than an experiment needs."""
    if train < 2 or test < 1:
        raise UserError(
            f"{text} has {train} usable image{'s' * (train != 1)} to train on and {test} to test: "
            f"at least 2 and 1 are needed{because}"
        )


def check_bytes(text: str, *shapes: tuple[int, ...]) -> None:
    """Raise `UserError` when images of these shapes would take too much memory."""
    size = sum(math.prod(shape) for shape in shapes)
    if size > MAX_BYTES:
        raise UserError(
            f"{text} would take {size / 1e9:.1f} GB in memory, {MAX_BYTES / 1e9:.1f} at most: "
            "use fewer or smaller images"
        )


def one_line(name: str) -> str:
    """A file's name as one line of text without control characters, whatever bytes it contains."""
    text = " ".join(name.encode(errors="replace").decode().split())
    return "".join("?" if unicodedata.category(sign) == "Cc" else sign for sign in text)
