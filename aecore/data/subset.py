"""Choosing images: those that a run trains on, and some that represent a whole set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aecore.config.sections import Data
from aecore.errors import UserError

if TYPE_CHECKING:
    from aecore.data.load_set import ImageSet

SPLITS = {"test": "test image", "train": "training image"}
"""The two parts of an image set, and what an image of each is called."""

MOST_POINTS = 10_000
"""The most images whose codes are saved."""


def evenly_spaced(count: int, points: int = MOST_POINTS) -> np.ndarray:
    """Indices of `points` images evenly spread over a set of `count`, int64, ascending."""
    return np.unique(np.linspace(0, count - 1, min(points, count)).round().astype(np.int64))


def training_count(available: int, wanted: Data) -> int:
    """How many of a set's `available` training images a run trains on: the first ones. Raises `UserError` when the
    validation images leave none."""
    rest = available - wanted.validation_images
    if rest < 1:
        raise UserError(
            f"data.validation_images: {wanted.validation_images:,} leave nothing to train on; {wanted.name} has "
            f"{available:,}"
        )
    return min(rest, wanted.train_images or rest)


def training_rows(labels: np.ndarray, wanted: Data) -> slice | np.ndarray:
    """Which of a set's training images, given their labels (N,), a run trains on: the first ones, without those held
    out at the end and without classes left out.

    Raises `UserError` when none are left.
    """
    if not wanted.leave_out:
        return slice(training_count(len(labels), wanted))
    rest = training_count(len(labels), wanted.model_copy(update={"train_images": None}))
    rows = np.flatnonzero(~np.isin(labels[:rest], wanted.leave_out))
    if not len(rows):
        raise UserError("data.leave_out: leaves nothing to train on; leave out fewer classes")
    return rows[: wanted.train_images or len(rows)]


def place_in_set(rows: np.ndarray, labels: np.ndarray, wanted: Data) -> np.ndarray:
    """Where rows among the images that a run trains on are among all training images of the set, int64."""
    chosen = training_rows(labels, wanted)
    return rows if isinstance(chosen, slice) else chosen[rows]


def training_images(images: ImageSet, wanted: Data) -> tuple[np.ndarray, np.ndarray]:
    """The images that a run trains on, uint8 (N, C, H, W), and their labels, uint8 (N,).

    Raises `UserError` when the validation images or the classes left out leave none.
    """
    rows = training_rows(images.y_train, wanted)
    return images.x_train[rows], images.y_train[rows]
