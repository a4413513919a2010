"""Running a saved model for a page, in the process that has PyTorch (`dashboard.server.worker`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aecore.compute.models import Ranked, ranking
from aecore.config.corruption import Corruption
from aecore.models.digit_classifier import reads
from aecore.runs.run import WEIGHTS, Run
from dashboard.cache.keyed import keyed_on
from dashboard.server.worker import in_worker

COMPUTE = "aecore.compute.models:"
ORDERS = {
    "worst": "Largest error first",
    "best": "Smallest error first",
    "gain": "Largest gain over noisy first",
    "loss": "Largest loss to noisy first",
}
"""Orders of images by mean squared error, the output's own or compared with the noisy input's."""


class Denoised(NamedTuple):
    """One batch through the model; images float (N, C, H, W) on the [0, 1] scale, one score per image."""

    noisy: np.ndarray
    output: np.ndarray
    noisy_scores: dict[str, np.ndarray]
    output_scores: dict[str, np.ndarray]
    lost: np.ndarray | None = None
    """Which pixels of the noisy images were lost, bool (N, 1, H, W)."""

    def part(self, chosen: np.ndarray) -> Denoised:
        """Only the images of these rows, in this order."""
        of_input, of_output = (
            {name: values[chosen] for name, values in s.items()} for s in (self.noisy_scores, self.output_scores)
        )
        lost = None if self.lost is None else self.lost[chosen]
        return Denoised(self.noisy[chosen], self.output[chosen], of_input, of_output, lost)


def denoise(
    run: Run, clean: np.ndarray, corruption: Corruption, draw: int, labels: np.ndarray | None = None
) -> Denoised:
    """Corrupt uint8 images (N, C, H, W), pass them through the run's model, which is told the labels (N,) if it is
    conditional, and score both against the clean.

    Draw 0 is the noise of the evaluations, other numbers give other noise.
    """
    return Denoised(*in_worker(COMPUTE + "denoise", run, np.asarray(clean), corruption, draw, labels))


def extremes(run: Run, corruption: Corruption, draw: int) -> Ranked:
    """The first images in every ranking of the whole test set, which must be on this machine; computed once."""
    return _extremes(run, str(corruption), draw)


def scored(clean: np.ndarray, found: Ranked) -> Denoised:
    """The ranked images with all their scores; `clean` are theirs, uint8 (N, C, H, W)."""
    from aecore.metrics import image as image_metrics

    unit = clean.astype(np.float32) / np.float32(255)
    of_input, of_output = (image_metrics.all_of(unit, images, found.lost) for images in (found.noisy, found.output))
    return Denoised(found.noisy, found.output, of_input, of_output, found.lost)


def colourised(run: Run, images: np.ndarray) -> np.ndarray:
    """Grey images (N, 3, H, W) on the [0, 1] scale in the colours of the nearest images that the run was trained on."""
    return in_worker(COMPUTE + "colourised", run, np.asarray(images), thorough=True)


def wrong_digits(name: str, sets: Sequence[np.ndarray], labels: np.ndarray) -> Sequence[int | None]:
    """For each of these sets of images (N, C, H, W) on the [0, 1] scale, how many the digit classifier reads as a digit
    other than their label, which all sets share; None for image sets that it was not trained for."""
    return in_worker(COMPUTE + "wrong_digits", list(sets), np.asarray(labels)) if reads(name) else [None] * len(sets)


def corrupted(run: Run, images: np.ndarray, corruption: Corruption, draw: int) -> np.ndarray:
    """Images uint8 (N, C, H, W) as the model's input, float32 on the [0, 1] scale, not clamped."""
    if not corruption.active:
        return images.astype(np.float32) / np.float32(255)
    return in_worker(COMPUTE + "corrupted", run, np.asarray(images), corruption, draw)


def codes_of_images(run: Run, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """The codes (N, n) of images (N, C, H, W) on the [0, 1] scale; for a VAE their means. `labels` (N,) are what a
    conditional model is told."""
    return in_worker(COMPUTE + "codes_of_images", run, np.asarray(images), labels)


def decoded(run: Run, codes: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Codes (N, n) to images (N, C, H, W) on the [0, 1] scale, not clamped."""
    return in_worker(COMPUTE + "decoded", run, np.asarray(codes), labels)


def reconstructed(run: Run, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """The outputs (N, C, H, W) for images (N, C, H, W), both on the [0, 1] scale, not clamped."""
    return in_worker(COMPUTE + "reconstructed", run, np.asarray(images), labels)


@keyed_on((WEIGHTS,), show_spinner="Searching the whole test set…")
def _extremes(run: Run, corruption: str, draw: int) -> Ranked:
    return in_worker(COMPUTE + "search", run, Corruption.parse(corruption), draw, thorough=True)


__all__ = ["ORDERS", "Denoised", "Ranked", "codes_of_images", "colourised", "corrupted", "decoded", "denoise",
           "extremes", "ranking", "reconstructed", "scored", "wrong_digits"]  # fmt: skip
