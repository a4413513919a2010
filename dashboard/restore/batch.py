"""The images that the Restore page shows: a window of the test set, its best or worst images, or an upload."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aecore.config.corruption import Corruption
from aecore.format import count
from aecore.runs.run import Run
from dashboard.cache import models
from dashboard.cache.images import ImageInfo, Images
from dashboard.widgets.upload import Own

TEST_ORDER = "test"


class Shown(NamedTuple):
    """Clean images uint8 (N, C, H, W), the model's results, labels if known, titles, and a caption."""

    clean: np.ndarray
    result: models.Denoised
    labels: np.ndarray | None
    titles: list[str]
    caption: str
    cut_out: np.ndarray | None = None
    """For an uploaded image, the crop that was used, uint8 (3, h, w)."""


def from_test_set(
    run: Run, about: ImageInfo, images: Images, window: slice, order: str, corruption: Corruption, draw: int
) -> Shown:
    """The images of the window, in an order of `inference.ORDERS` or as they are."""
    clean = np.asarray(images.clean[window])
    numbers, labels = np.asarray(images.numbers[window]), np.asarray(images.labels[window])
    result = models.denoise(run, clean, corruption, draw, labels)
    if order != TEST_ORDER:
        chosen = models.ranking(order, result.noisy_scores["mse"], result.output_scores["mse"])
        clean, result, numbers, labels = clean[chosen], result.part(chosen), numbers[chosen], labels[chosen]
    caption = f"Mean over the {count(len(clean), 'image')} shown"
    return Shown(clean, result, labels, titles(numbers, labels, about), caption)


def from_extremes(
    run: Run, about: ImageInfo, images: Images, many: int, order: str, corruption: Corruption, draw: int
) -> Shown:
    """The first images of the whole test set in that order."""
    found = models.extremes(run, corruption, draw).first(order, many)
    clean, labels = np.asarray(images.clean[found.numbers]), np.asarray(images.labels[found.numbers])
    caption = f"Mean over these {len(clean)} of {count(len(images.clean), 'test image')}"
    return Shown(clean, models.scored(clean, found), labels, titles(found.numbers, labels, about), caption)


def from_own(run: Run, own: Own, corruption: Corruption, draw: int) -> Shown:
    """An uploaded image."""
    clean = own.fitted.image[None]
    result = models.denoise(run, clean, corruption, draw)
    return Shown(clean, result, None, [own.name], "Your image", own.fitted.cut_out)


def titles(numbers: np.ndarray, labels: np.ndarray, about: ImageInfo) -> list[str]:
    """What test images are called: number and class."""
    names = [about.classes[label] if label < len(about.classes) else str(label) for label in labels]
    return [f"#{number} · {name}" for number, name in zip(numbers, names, strict=True)]
