"""What Gaussian noise of every strength does to a model, over a whole test set, beside the noisy input and total
variation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from aecore import data
from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.data.validation import validation_pairs
from aecore.metrics import classical
from aecore.metrics import image as image_metrics
from aecore.metrics.evaluation import NOISE_SEED, squared_errors
from aecore.models import subnormals
from aecore.models.network import Network
from aecore.runs.progress import Report, silent
from aecore.runs.robustness import Robustness, write_robustness
from aecore.runs.run import Run

STEPS, WIDEST = 12, 0.6
"""So many strengths from 0 on, up to this share of the width of the model's range."""
VALIDATION_IMAGES = 50
"""On so many the strength of total variation is chosen."""


def levels(experiment: Experiment) -> list[float]:
    """The standard deviations in the model's range: evenly from 0 to 0.6 of its width, and that of the training noise
    where it is one of a Gaussian."""
    low, high = experiment.model.value_range
    found = {round(i * WIDEST * (high - low) / STEPS, 6) for i in range(STEPS + 1)}
    own = experiment.corruption
    if own.std and own.lowest is None:
        found.add(round(own.std, 6))
    return sorted(found)


@subnormals.as_zero()
def keep_strengths(
    run: Run,
    model: Network,
    test: torch.Tensor,
    labels: np.ndarray,
    weights: str | None,
    report: Report = silent,
    beside: TotalVariation | None = None,
) -> Robustness:
    """Measure the model of a run, its `weights` with that SHA-256, on test images uint8 (N, C, H, W), on its device,
    with their labels uint8 (N,), and keep what was found in the run. Raises `AecoreError` where the network returns no
    images."""
    begun, experiment = time.monotonic(), run.experiment()
    points = []
    for number, level in enumerate(wanted := levels(experiment)):
        note = f"noise of σ = {level:g}"
        report("measuring", number, len(wanted), note)
        corruption = noise(experiment, level)
        errors = squared_errors(model, test, corruption, _within(report, note), labels)
        point: dict[str, Any] = {"level": level, **dict(zip(("model", "input"), map(_scores, errors), strict=True))}
        if beside is not None and level:
            point["tv"] = beside.under(corruption)
        points.append(point)
    about = {
        "weights": weights,
        "data": experiment.data.source,
        "n": len(test),
        "clamp": _clamped(experiment),
        **({} if beside is None else {"tv_images": len(beside.test)}),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - begun, 1),
    }
    return write_robustness(run, points, about)


def noise(experiment: Experiment, level: float) -> Corruption:
    """Gaussian noise of that strength, clamped where the training's is."""
    return Corruption(kind="gaussian", level=level, clamp=_clamped(experiment)) if level else Corruption()


@dataclass
class TotalVariation:
    """Total variation on test images float32 (N, C, H, W) on the [0, 1] scale; its strength is chosen for each noise on
    validation images, from that of the noise before on."""

    images: data.ImageSet
    experiment: Experiment
    test: np.ndarray
    place: int = 0

    def under(self, corruption: Corruption) -> dict[str, Any]:
        """Its scores under a noise, and its strength."""
        strengths = classical.METHODS["tv"].strengths
        clean, noisy = validation_pairs(self.images, self.experiment, corruption, VALIDATION_IMAGES)
        known: dict[int, float] = {}

        def error(place: int) -> float:
            if place not in known:
                known[place] = float(np.mean((classical.denoise(noisy, "tv", strengths[place]) - clean) ** 2))
            return known[place]

        while self.place + 1 < len(strengths) and error(self.place + 1) < error(self.place):
            self.place += 1
        low, high = self.experiment.model.value_range
        draw = np.random.default_rng(NOISE_SEED).standard_normal(self.test.shape) * (corruption.std / (high - low))
        given = self.test + draw
        output = classical.denoise(np.clip(given, 0, 1) if corruption.clamp else given, "tv", strengths[self.place])
        means = np.square(output.astype(np.float64) - self.test).mean(axis=(1, 2, 3))
        return {**_scores(means), "strength": strengths[self.place]}


def _within(report: Report, note: str) -> Callable[[int, int], None]:
    """Images as a progress within the step that is reported."""
    return lambda done, total: report("evaluating", done, total, note)


def _clamped(experiment: Experiment) -> bool:
    return bool(experiment.corruption.std) and experiment.corruption.clamp


def _scores(errors: np.ndarray) -> dict[str, float | None]:
    """MSE and PSNR, as means over the images, of each image's mean squared error; None where it is infinite."""
    means = image_metrics.average({"mse": errors, "psnr_db": image_metrics.psnr(errors)})
    return {name: None if value is None else float(f"{value:.6g}") for name, value in means.items()}
