"""A trained run loaded for use: its model with the saved weights, and the images it is tested on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from aecore import data
from aecore.config.corruption import Corruption
from aecore.config.model import Model
from aecore.data import thumbnails
from aecore.data.subset import evenly_spaced, place_in_set, training_images
from aecore.data.validation import validation_pairs
from aecore.devices import choose
from aecore.latent.codes import Codes
from aecore.latent.encode import codes_of, measure_codes
from aecore.latent.projection import project
from aecore.latent.projection_store import Projection
from aecore.metrics import classical
from aecore.metrics import image as image_metrics
from aecore.metrics.baselines import COLOUR, methods_for
from aecore.metrics.evaluation import NOISE_SEED, evaluate, joined, restorations, run_entry
from aecore.metrics.projection import quality
from aecore.models.build import build
from aecore.models.digit_classifier import reads
from aecore.models.digit_classifier.network import read_digits
from aecore.models.external import from_files
from aecore.models.network import Network
from aecore.models.weights import load_weights
from aecore.runs import sums
from aecore.runs.progress import Report, silent
from aecore.runs.run import WEIGHTS, Run
from aecore.runs.tensor_files import read_tensors


def load_model(run: Run, device: torch.device | None = None) -> Network:
    """The run's model with its last saved weights, ready to use.

    Raises `DamagedError` when there are none, `UserError` where it is another program's and onnxruntime is missing.
    """
    run.check(WEIGHTS)
    return read_network(run.experiment().model, run.image_info().image_shape, run.file(WEIGHTS), run.id, device)


def read_network(
    model: Model, image_shape: tuple[int, int, int], file: Path, run_id: str, device: torch.device | None = None
) -> Network:
    """The network of a description with the weights of a file, ready to use.

    Raises `DamagedError` where it cannot be read or does not fit, `UserError` where it is another program's and
    onnxruntime is missing.
    """
    if model.external:
        network: Network = from_files(model, image_shape, read_tensors(file, f"run {run_id}"), run_id)
    else:
        network = build(model, image_shape)
        load_weights(network, file)
    device = device or torch.device("cpu")
    network.rng.seed(0, device)
    return network.eval().to(device)


@dataclass(frozen=True)
class LoadedRun:
    """A run's model and its whole test set, uint8 (N, C, H, W), on one device, with labels uint8 (N,).

    `weights` is the SHA-256 of the model's file.
    """

    run: Run
    model: Network
    test: torch.Tensor
    labels: np.ndarray
    weights: str

    def evaluate(
        self,
        corruption: Corruption,
        report: Report = silent,
        images: int | None = None,
    ) -> dict[str, Any]:
        """The evaluation of the whole test set, or of its first `images`, under one corruption, as evaluation.json
        holds it."""
        measured = evaluate(
            self.model,
            self.test[:images],
            corruption,
            lambda n, of: report("evaluating", n, of, corruption.label),
            self.labels[:images] if reads(self.run.experiment().data.source) else None,
            self.labels[:images],
        )
        return run_entry(self.run.id, self.weights, measured)

    def codes(self, points: int) -> Codes:
        """Codes and reconstruction errors of `points` test images, evenly spread over the set, under the training
        corruption."""
        corruption = self.run.experiment().corruption
        chosen = evenly_spaced(len(self.test), points)
        codes = measure_codes(self.model, self.test, self.labels, corruption, NOISE_SEED, chosen)
        return replace(codes, weights=self.weights)

    def classical(self, corruption: Corruption, report: Report = silent) -> dict[str, Any]:
        """The methods without a network that are for this corruption, on the same corrupted test images; a strength is
        chosen on validation images.

        Returns what `aecore.metrics.classical.measure` does, by method, on the [0, 1] scale; nothing where no method
        is for it.
        """
        experiment = self.run.experiment()
        names = methods_for(corruption, self.test.shape[1])
        if not names:
            return {}
        clean, noisy, _, lost = joined(restorations(self.model, self.test, corruption, classes=self.labels))
        images = data.load(experiment.data.source)

        def wrong_digits(images: np.ndarray) -> float:
            return float(np.mean(read_digits(torch.from_numpy(images)) != self.labels))

        return classical.measure(
            clean,
            noisy,
            validation_pairs(images, experiment, corruption),
            lambda method, done, total: report("comparing", done, total, method),
            wrong_digits if reads(experiment.data.source) else None,
            names,
            lost,
            training_images(images, experiment.data)[0] if COLOUR in names else None,
        )

    def encoded(self, points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Codes float32 (N, n) of `points` test images, evenly spread over the set, under the training corruption, with
        their labels and indices in the test set."""
        indices = evenly_spaced(len(self.test), points)
        codes = codes_of(self.model, self.test, self.run.experiment().corruption, NOISE_SEED, labels=self.labels)[
            indices
        ]
        return codes, self.labels[indices], indices

    def projection(
        self,
        method: str,
        dims: int,
        points: int,
        *,
        report: Report = silent,
        **parameters: Any,
    ) -> Projection:
        """The codes of `points` test images, evenly spread over the set, under the training corruption, projected.

        `parameters` are those of `aecore.latent.projection.project`. Raises `UserError` for what cannot be projected.
        """
        codes, labels, indices = self.encoded(points)
        coordinates, made = project(
            codes, method, dims, progress=lambda done, total: report("projecting", done, total, method), **parameters
        )
        return Projection(
            method,
            coordinates,
            labels,
            indices,
            parameters
            | {"corruption": str(self.run.experiment().corruption)}
            | {k: v for k, v in made.items() if k != "explained_variance"},
            quality(codes, coordinates, labels) | {k: v for k, v in made.items() if k == "explained_variance"},
            weights=self.weights,
        )


def training_codes(run: Run, points: int, device: str = "auto", report: Report = silent) -> Codes:
    """The codes of `points` of the images that the run was trained on, or of all where there are no more.

    Evenly spread, under the training corruption with one seed; the errors are not measured (NaN). Up to the number of
    codes that pages show, they are a subset of those, so that points have their reconstructions and neighbours there.
    Fetches the images if need be.
    """
    experiment, chosen_device = run.experiment(), torch.device(choose(device)[0].name)
    model = load_model(run, chosen_device)
    images = data.load(experiment.data.source, lambda what, done, total: report("preparing", done, total, what))
    x, y = training_images(images, experiment.data)
    shown = thumbnails.kept_indices(experiment.data.source, x.shape[1:], len(x))  # type: ignore[arg-type]
    rows = shown[evenly_spaced(len(shown), points)] if points <= len(shown) else evenly_spaced(len(x), points)
    train = torch.from_numpy(np.array(x)).to(chosen_device)
    codes = codes_of(model, train, experiment.corruption, NOISE_SEED, rows, np.asarray(y))
    errors = np.full(len(rows), np.nan, np.float32)
    weights = sums.digest(run.path, WEIGHTS)
    places = place_in_set(rows, images.y_train, experiment.data)
    return Codes(codes, np.array(y[rows]), places, errors, str(experiment.corruption), split="train", weights=weights)


def open_run(run: Run, device: str = "auto", report: Report = silent) -> LoadedRun:
    """Load a run with its test set, fetching the images if need be."""
    chosen = torch.device(choose(device)[0].name)
    weights = sums.digest(run.path, WEIGHTS)  # before they are read: a training may replace them meanwhile
    model = load_model(run, chosen)
    images = data.load(run.experiment().data.source, lambda what, done, total: report("preparing", done, total, what))
    test = torch.from_numpy(np.array(images.x_test)).to(chosen)
    return LoadedRun(run, model, test, np.array(images.y_test), weights)


def clean_codes(run: Run) -> np.ndarray:
    """The codes of all test images without corruption, float32 (N, n). Raises `UserError` where there are none."""
    opened = open_run(run, "cpu")
    return codes_of(opened.model, opened.test, Corruption.parse("none"), NOISE_SEED, labels=opened.labels)


class Denoised(NamedTuple):
    """Images through a model, float32 (N, C, H, W) on the [0, 1] scale, the metrics of input and output, one value an
    image, and which pixels of the input were lost, bool (N, 1, H, W), or None."""

    noisy: np.ndarray
    output: np.ndarray
    noisy_scores: dict[str, np.ndarray]
    output_scores: dict[str, np.ndarray]
    lost: np.ndarray | None


def denoise(
    model: Network, images: np.ndarray, corruption: Corruption, seed: int, labels: np.ndarray | None = None
) -> Denoised:
    """Corrupt uint8 images (N, C, H, W), reconstruct them, and measure both against the clean ones; a conditional model
    is told the labels uint8 (N,).

    Where pixels were lost the metrics have `hole_mse` and `hole_psnr_db`, over those alone.
    """
    parts = restorations(model, torch.from_numpy(np.array(images)), corruption, seed, labels)
    clean, noisy, output, lost = joined(parts)
    of_input, of_output = (image_metrics.all_of(clean, other, lost) for other in (noisy, output))
    return Denoised(noisy, output, of_input, of_output, lost)
