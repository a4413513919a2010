"""What pages ask of a trained model, as functions of plain values: any process with PyTorch can answer.

The models that were asked last stay open. Importing this module is quick; its functions import PyTorch.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aecore.config.corruption import Corruption
from aecore.latent.codes import Codes
from aecore.runs.progress import Report, silent
from aecore.runs.run import WEIGHTS, Run

if TYPE_CHECKING:
    from aecore.models import Network
    from aecore.models.condition import Condition

KEPT = 63
"""The number of images that each ranking of a whole test set keeps."""
ORDERS = ("worst", "best", "gain", "loss")
MODELS = 8


@dataclass(frozen=True)
class Ranked:
    """The top of every ranking of a whole test set: indices in the test set; images float (N, C, H, W) on the [0, 1]
    scale, and their errors."""

    numbers: np.ndarray
    noisy: np.ndarray
    output: np.ndarray
    noisy_mse: np.ndarray
    output_mse: np.ndarray
    lost: np.ndarray | None = None
    """Which pixels of the noisy images were lost, bool (N, 1, H, W)."""

    def part(self, chosen: np.ndarray) -> Ranked:
        return Ranked(**{name: values[chosen] for name, values in vars(self).items() if values is not None})

    def joined(self, other: Ranked) -> Ranked:
        """Both, this one's images first."""
        theirs = vars(other)
        known = {name: values for name, values in vars(self).items() if values is not None}
        return Ranked(**{name: np.concatenate((values, theirs[name])) for name, values in known.items()})

    def first(self, order: str, count: int) -> Ranked:
        """The first `count` of that order of the whole test set."""
        return self.part(ranking(order, self.noisy_mse, self.output_mse)[:count])


def ranking(order: str, noisy_mse: np.ndarray, output_mse: np.ndarray) -> np.ndarray:
    """The row indices in that order; ties keep their order."""
    keys = {
        "worst": -output_mse,
        "best": output_mse,
        "gain": output_mse - noisy_mse,
        "loss": noisy_mse - output_mse,
    }
    return np.argsort(keys[order], kind="stable")


def denoise(
    run: Run, clean: np.ndarray, corruption: Corruption, draw: int, labels: np.ndarray | None = None
) -> tuple[Any, ...]:
    """Corrupt uint8 images (N, C, H, W), pass them through the run's model, which is told the labels uint8 (N,) if it
    is conditional, and score both against the clean.

    Returns the values of `aecore.inference.Denoised`: noisy images and outputs float32 (N, C, H, W) on the [0, 1]
    scale, the scores of each, one an image, and the lost pixels, bool (N, 1, H, W), or None.
    Draw 0 is the noise of the evaluations, other numbers give other noise.
    """
    from aecore.inference import denoise as through
    from aecore.metrics.evaluation import NOISE_SEED

    return tuple(through(model_of(run), clean, corruption, NOISE_SEED + draw, labels))


def search(run: Run, corruption: Corruption, draw: int) -> Ranked:
    """The first images in every ranking of the whole test set, which must be on this machine."""
    import torch

    from aecore import data
    from aecore.metrics.evaluation import NOISE_SEED, restorations

    model = model_of(run, whole_test_set=True)
    loaded, found, done = data.load(run.experiment().data.source), None, 0
    images, labels = torch.from_numpy(np.array(loaded.x_test)), np.array(loaded.y_test)
    for clean, noisy, output, lost in restorations(model, images, corruption, NOISE_SEED + draw, labels):
        numbers = np.arange(done, done + len(clean))
        batch = Ranked(numbers, noisy, output, _mse(clean, noisy), _mse(clean, output), lost)
        done += len(clean)
        if found is not None:
            batch = found.joined(batch)
        tops = [ranking(order, batch.noisy_mse, batch.output_mse)[:KEPT] for order in ORDERS]
        found = batch.part(np.unique(np.concatenate(tops)))
    assert found is not None
    return found


def wrong_digits(sets: Sequence[np.ndarray], labels: np.ndarray) -> list[int]:
    """For each of these sets of images (N, C, H, W) on the [0, 1] scale, how many the digit classifier reads as a digit
    other than their label; the labels (N,) are those of every set."""
    import torch

    from aecore.models.digit_classifier.network import read_digits

    _take_threads(whole_test_set=False)
    read = (read_digits(torch.from_numpy(np.ascontiguousarray(images, np.float32))) for images in sets)
    return [int(np.sum(found != labels)) for found in read]


def corrupted(run: Run, images: np.ndarray, corruption: Corruption, draw: int) -> np.ndarray:
    """Images uint8 (N, C, H, W) as the model's input, float32 on the [0, 1] scale, not clamped."""
    import torch

    from aecore.data.corruption import corrupt
    from aecore.metrics.evaluation import NOISE_SEED

    model, generator = model_of(run), torch.Generator().manual_seed(NOISE_SEED + draw)
    clean = model.from_bytes(torch.from_numpy(np.array(images)))
    return model.to_unit(corrupt(clean, corruption, generator, model.low, model.high)).numpy()


def codes_of_images(run: Run, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """The codes (N, n) of images (N, C, H, W) on the [0, 1] scale; for a VAE their means. `labels` (N,) are what a
    conditional model is told."""
    import torch

    model = model_of(run)
    with torch.inference_mode():
        batch = torch.from_numpy(np.array(images, np.float32)) * (model.high - model.low) + model.low
        return model.mean_codes(batch, _told(model, labels)).numpy()


def decoded(run: Run, codes: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Codes (N, n) to images (N, C, H, W) on the [0, 1] scale, not clamped; of the classes `labels` (N,), which a
    conditional model is told."""
    import torch

    model = model_of(run)
    with torch.inference_mode():
        told = _told(model, labels).split(500, len(codes))
        given = zip(torch.from_numpy(np.array(codes)).split(500), told, strict=True)
        parts = [model.to_unit(model.decode(part, condition)) for part, condition in given]
        return torch.cat(parts).contiguous().numpy()


def reconstructed(run: Run, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """The outputs (N, C, H, W) for images (N, C, H, W), both on the [0, 1] scale, not clamped; of networks with and
    without a code. Codes are means; `labels` (N,) are what a conditional model is told."""
    import torch

    model = model_of(run)
    with torch.inference_mode():
        batch = torch.from_numpy(np.array(images, np.float32)) * (model.high - model.low) + model.low
        told = _told(model, labels)
        output = model.decode(model.mean_codes(batch, told), told) if model.has_code else model(batch, told)
        return model.to_unit(output).contiguous().numpy()


def codes_of_split(run: Run, split: str) -> Codes:
    """The codes of the run's test images, or of those that it was trained on, and their errors."""
    import torch

    from aecore import data
    from aecore.data import thumbnails
    from aecore.data.subset import place_in_set, training_images
    from aecore.latent.encode import measure_codes
    from aecore.metrics.evaluation import NOISE_SEED

    experiment = run.experiment()
    images = data.load(experiment.data.source)
    x, y = (images.x_test, images.y_test) if split == "test" else training_images(images, experiment.data)
    shape: tuple[int, int, int] = x.shape[1:]  # type: ignore[assignment]
    rows = thumbnails.kept_indices(experiment.data.source, shape, len(x))
    model, whole = model_of(run, whole_test_set=True), torch.from_numpy(np.array(x))
    found = measure_codes(model, whole, np.array(y), experiment.corruption, NOISE_SEED, rows, split)
    return found if split == "test" else replace(found, indices=place_in_set(rows, images.y_train, experiment.data))


def classical_strength(run: Run, corruption: Corruption, method: str) -> float:
    """The strength of a classical denoiser that is best on validation images under that corruption."""
    from aecore.metrics import classical

    return classical.choose_strength(*_validation(run, str(corruption)), method)


def colourised(run: Run, images: np.ndarray) -> np.ndarray:
    """Grey images (N, 3, H, W) on the [0, 1] scale in the colours of the nearest images that the run was trained on,
    which must be on this machine."""
    from aecore import data
    from aecore.data.subset import training_images
    from aecore.metrics.fill_in import colourise

    wanted = run.experiment().data
    return colourise(images, training_images(data.load(wanted.source), wanted)[0])


@lru_cache(2)
def _validation(run: Run, corruption: str) -> tuple[np.ndarray, np.ndarray]:
    """Clean and noisy validation images, once for all methods."""
    from aecore import data
    from aecore.data.validation import validation_pairs

    experiment = run.experiment()
    return validation_pairs(data.load(experiment.data.source), experiment, Corruption.parse(corruption))


def _told(model: Network, labels: np.ndarray | None) -> Condition:
    """What a model is told of images with these labels."""
    from aecore.models.condition import Condition
    from aecore.models.network import known_classes

    return Condition(known_classes(model, labels))


def import_files(paths: Sequence[Path], report: Report = silent, **options: Any) -> Run:
    """The run that `aecore.interop.import_checkpoint` makes of these files."""
    from aecore.interop import import_checkpoint

    return import_checkpoint(list(paths), report=report, **options).run


def import_candidate(run: Run, number: int) -> Run:
    """The run that `aecore.interop.import_candidate` makes of that reading of an imported file."""
    from aecore.interop import import_candidate as chosen

    return chosen(run, number).run


def model_of(run: Run, *, whole_test_set: bool = False) -> Network:
    """The run's model, opened once; on one thread, or on all of them for a whole test set."""
    _take_threads(whole_test_set)
    status = os.stat(run.file(WEIGHTS)) if run.file(WEIGHTS).exists() else None
    return _opened(run, (status.st_mtime_ns, status.st_size) if status else ())


@lru_cache(MODELS)
def _opened(run: Run, stamp: tuple[int, ...]) -> Network:
    from aecore.inference import load_model

    return load_model(run)


def _mse(clean: np.ndarray, other: np.ndarray) -> np.ndarray:
    return ((other - clean) ** 2).mean(axis=(1, 2, 3), dtype=np.float64)


def _take_threads(whole_test_set: bool) -> None:
    """Set PyTorch to one thread, or to all of them for a whole test set.

    For a few images, threads spend more time waiting for each other than working as soon as the browser or another
    visitor keeps a core busy. The setting is that of a thread, so it is set each time.
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
