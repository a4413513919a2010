"""Running a saved model for a page: the model and the images are opened once and cached."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aecore.config.corruption import Corruption
from aecore.models.digit_classifier import reads
from aecore.runs.store import WEIGHTS, Run
from dashboard.cache.images import image_set
from dashboard.cache.keyed import keyed_on

if TYPE_CHECKING:
    from aecore.models import Autoencoder

KEPT = 63
"""The number of images that each ranking of a whole test set keeps."""


class Denoised(NamedTuple):
    """One batch through the model; images float (N, C, H, W) on the [0, 1] scale, one score per image."""

    noisy: np.ndarray
    output: np.ndarray
    noisy_scores: dict[str, np.ndarray]
    output_scores: dict[str, np.ndarray]

    def part(self, chosen: np.ndarray) -> Denoised:
        """Only the images of these rows, in this order."""
        scores = ({name: values[chosen] for name, values in s.items()} for s in (self.noisy_scores, self.output_scores))
        return Denoised(self.noisy[chosen], self.output[chosen], *scores)


@dataclass(frozen=True)
class Ranked:
    """The top of every ranking of a whole test set: indices in the test set, images as in `Denoised`."""

    numbers: np.ndarray
    noisy: np.ndarray
    output: np.ndarray
    noisy_mse: np.ndarray
    output_mse: np.ndarray

    def part(self, chosen: np.ndarray) -> Ranked:
        return Ranked(*(values[chosen] for values in vars(self).values()))

    def first(self, order: str, count: int) -> Ranked:
        """The first `count` of that order of the whole test set."""
        return self.part(ranking(order, self.noisy_mse, self.output_mse)[:count])


ORDERS = {
    "worst": "Largest error first",
    "best": "Smallest error first",
    "gain": "Largest gain over noisy first",
    "loss": "Largest loss to noisy first",
}
"""Orders of images by mean squared error, the output's own or compared with the noisy input's."""


def ranking(order: str, noisy_mse: np.ndarray, output_mse: np.ndarray) -> np.ndarray:
    """The row indices in that order; ties keep their order."""
    keys = {
        "worst": -output_mse,
        "best": output_mse,
        "gain": output_mse - noisy_mse,
        "loss": noisy_mse - output_mse,
    }
    return np.argsort(keys[order], kind="stable")


def denoise(run: Run, clean: np.ndarray, corruption: Corruption, draw: int) -> Denoised:
    """Corrupt uint8 images (N, C, H, W), pass them through the run's model and score both against the clean.

    Draw 0 is the noise of the evaluations, other numbers give other noise.
    """
    from aecore.inference import denoise as through
    from aecore.metrics.evaluation import NOISE_SEED

    return Denoised(*through(model_of(run), clean, corruption, NOISE_SEED + draw))


def extremes(run: Run, corruption: Corruption, draw: int) -> Ranked:
    """The first images in every ranking of the whole test set, which must be on this machine; computed once."""
    return _extremes(run, str(corruption), draw)


def scored(clean: np.ndarray, found: Ranked) -> Denoised:
    """The ranked images with all their scores; `clean` are theirs, uint8 (N, C, H, W)."""
    from aecore.metrics import image as image_metrics

    unit = clean.astype(np.float32) / np.float32(255)
    scores = (image_metrics.per_image(unit, images) for images in (found.noisy, found.output))
    return Denoised(found.noisy, found.output, *scores)


def wrong_digits(name: str, images: np.ndarray, labels: np.ndarray) -> int | None:
    """How many of the images (N, C, H, W) on the [0, 1] scale the digit classifier reads as a digit other than their
    label; None for image sets that it was not trained for."""
    if not reads(name):
        return None
    import torch

    from aecore.models.digit_classifier.network import read_digits

    _take_threads(whole_test_set=False)
    return int(np.sum(read_digits(torch.from_numpy(np.ascontiguousarray(images, np.float32))) != labels))


def _mse(clean: np.ndarray, other: np.ndarray) -> np.ndarray:
    return ((other - clean) ** 2).mean(axis=(1, 2, 3), dtype=np.float64)


def corrupted(run: Run, images: np.ndarray, corruption: Corruption, draw: int) -> np.ndarray:
    """Images uint8 (N, C, H, W) as the model's input, float32 on the [0, 1] scale, not clamped."""
    if not corruption.active:
        return images.astype(np.float32) / np.float32(255)
    import torch

    from aecore.data.corruption import corrupt
    from aecore.metrics.evaluation import NOISE_SEED

    model, generator = model_of(run), torch.Generator().manual_seed(NOISE_SEED + draw)
    clean = model.from_bytes(torch.from_numpy(np.array(images)))
    return model.to_unit(corrupt(clean, corruption, generator, model.low, model.high)).numpy()


def codes_of_images(run: Run, images: np.ndarray) -> np.ndarray:
    """The codes (N, n) of images (N, C, H, W) on the [0, 1] scale; for a VAE their means."""
    import torch

    model = model_of(run)
    with torch.inference_mode():
        batch = torch.from_numpy(np.array(images, np.float32)) * (model.high - model.low) + model.low
        return (model.distribution(batch)[0] if model.gaussian else model.encode(batch)).numpy()


def decoded(run: Run, codes: np.ndarray) -> np.ndarray:
    """Codes (N, n) to images (N, C, H, W) on the [0, 1] scale, not clamped."""
    import torch

    model = model_of(run)
    with torch.inference_mode():
        parts = [model.to_unit(model.decode(part)) for part in torch.from_numpy(np.array(codes)).split(500)]
        return torch.cat(parts).contiguous().numpy()


def model_of(run: Run, *, whole_test_set: bool = False) -> Autoencoder:
    """The run's model, opened once; on one thread, or on all of them for a whole test set."""
    _take_threads(whole_test_set)
    return _opened(run)


@keyed_on((WEIGHTS,), max_entries=8, show_spinner="Opening the model…")
def _opened(run: Run) -> Autoencoder:
    from aecore.inference import load_model

    return load_model(run)


def _take_threads(whole_test_set: bool) -> None:
    """Set PyTorch to one thread, or to all of them for a whole test set.

    For a few images, threads spend more time waiting for each other than working as soon as the browser or another
    visitor keeps a core busy. Every script run of a page is a thread of its own, so this is set each time.
    """
    import torch

    with _COUNTING:
        every = _every_thread()
    torch.set_num_threads(every if whole_test_set else 1)


_COUNTING = threading.Lock()
"""The setting carries over to threads started later: the original count must be read before anyone changes it."""


@cache
def _every_thread() -> int:
    import torch

    return torch.get_num_threads()


@keyed_on((WEIGHTS,), max_entries=4, show_spinner="Searching the whole test set…")
def _extremes(run: Run, corruption: str, draw: int) -> Ranked:
    import torch

    from aecore.metrics.evaluation import NOISE_SEED, reconstructions

    model = model_of(run, whole_test_set=True)
    images = torch.from_numpy(np.array(image_set(run.experiment().data.source).x_test))
    found, done = None, 0
    for clean, noisy, output in reconstructions(model, images, Corruption.parse(corruption), NOISE_SEED + draw):
        batch = Ranked(np.arange(done, done + len(clean)), noisy, output, _mse(clean, noisy), _mse(clean, output))
        done += len(clean)
        if found is not None:
            pairs = zip(vars(found).values(), vars(batch).values(), strict=True)
            batch = Ranked(*(np.concatenate(pair) for pair in pairs))
        tops = [ranking(order, batch.noisy_mse, batch.output_mse)[:KEPT] for order in ORDERS]
        found = batch.part(np.unique(np.concatenate(tops)))
    assert found is not None
    return found
