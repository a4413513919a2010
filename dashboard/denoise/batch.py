"""What the Denoise page shows at a time: a window of the test set, its extremes, or a picture of one's own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aecore.config.corruption import Corruption
from aecore.format import count
from aecore.runs.store import Run
from dashboard.cache import models
from dashboard.cache.images import ImageInfo, Images
from dashboard.widgets.upload import Own

TEST_ORDER = "test"


class Shown(NamedTuple):
    """Clean images uint8 (N, C, H, W), what became of them, their labels if known, their titles, and what they are."""

    clean: np.ndarray
    result: models.Denoised
    labels: np.ndarray | None
    titles: list[str]
    caption: str
    cut_out: np.ndarray | None = None
    """Of a picture of one's own, the part that was cut out of it, uint8 (3, h, w)."""


def from_test_set(
    run: Run, about: ImageInfo, images: Images, window: slice, order: str, corruption: Corruption, draw: int
) -> Shown:
    """The images of the window, in an order of `inference.ORDERS` or as they are."""
    clean = np.asarray(images.clean[window])
    result = models.denoise(run, clean, corruption, draw)
    numbers, labels = np.asarray(images.numbers[window]), np.asarray(images.labels[window])
    if order != TEST_ORDER:
        chosen = models.ranking(order, result.noisy_scores["mse"], result.output_scores["mse"])
        clean, result, numbers, labels = clean[chosen], result.part(chosen), numbers[chosen], labels[chosen]
    caption = f"Mean of the {count(len(clean), 'image')} shown"
    return Shown(clean, result, labels, _titles(numbers, labels, about), caption)


def from_extremes(
    run: Run, about: ImageInfo, images: Images, many: int, order: str, corruption: Corruption, draw: int
) -> Shown:
    """The first images of the whole test set in that order."""
    found = models.extremes(run, corruption, draw).first(order, many)
    clean, labels = np.asarray(images.clean[found.numbers]), np.asarray(images.labels[found.numbers])
    caption = f"Mean of these {len(clean)} of {count(len(images.clean), 'test image')}"
    return Shown(clean, models.scored(clean, found), labels, _titles(found.numbers, labels, about), caption)


def from_own(run: Run, own: Own, corruption: Corruption, draw: int) -> Shown:
    """A picture of one's own."""
    clean = own.fitted.image[None]
    result = models.denoise(run, clean, corruption, draw)
    return Shown(clean, result, None, [own.name], "Your picture", own.fitted.cut_out)


def _titles(numbers: np.ndarray, labels: np.ndarray, about: ImageInfo) -> list[str]:
    names = [about.classes[label] if label < len(about.classes) else str(label) for label in labels]
    return [f"#{number} · {name}" for number, name in zip(numbers, names, strict=True)]
