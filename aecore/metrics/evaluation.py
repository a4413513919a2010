"""Measuring a trained model on a whole test set, always beside the noisy input's own metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.data.corruption import corrupted
from aecore.errors import AecoreError
from aecore.metrics import image as image_metrics
from aecore.metrics.health import same_output
from aecore.metrics.precision import wide
from aecore.models import subnormals
from aecore.models.condition import NOTHING, Condition
from aecore.models.digit_classifier import reads
from aecore.models.digit_classifier.network import read_digits
from aecore.models.network import Network, known_classes
from aecore.runs.progress import Report, silent

NOISE_SEED = 20_001
"""Test noise is drawn from this seed, whatever the run's own: every model gets the same noisy images."""

BATCH = 1000
CPU_BATCH = 200
"""On a CPU a convolutional network gets so many images at a time, so that its activations stay in the cache."""


@subnormals.as_zero()
@torch.inference_mode()
def evaluate(
    model: Network,
    images: Tensor,
    corruption: Corruption,
    progress: Callable[[int, int], None] = lambda done, total: None,
    labels: np.ndarray | None = None,
    classes: np.ndarray | None = None,
) -> dict[str, Any]:
    """Mean metrics of the reconstructions and of the noisy inputs; `images` uint8 (N, C, H, W) on the model's device.

    Returns `{"n", "corruption", "metrics", "noisy_input", "black_mse"}`, each metric on the [0, 1] scale, None for
    infinite, and `mse_model_scale` beside where the model's range differs. `black_mse` is what an all-black output
    would score: a network that has learnt nothing often ends there. With `labels`, uint8 (N,), there is also
    `wrong_digit_rate`: the share of images that the digit classifier reads as another digit. `classes`, labels
    uint8 (N,), are what a conditional network is told. Where the output is the same for all images there is a `remark`.
    Where the corruption loses pixels there is `inside_hole`: `metrics` and `noisy_input`, MSE and PSNR over those
    pixels alone, likewise means over the images, of `images` that lost any.
    """
    outputs, inputs = _Scores(model, labels), _Scores(model, labels)
    varied, seen = _Variation(), _Variation()
    done = 0
    for clean, noisy, output, lost in _reconstructed(model, images, corruption, NOISE_SEED, classes):
        outputs.add(clean, output, lost)
        inputs.add(clean, noisy, lost)
        seen.add(clean)
        varied.add(output)
        done += len(clean)
        progress(done, len(images))
    remark = same_output(varied.spread() / own, varied.high) if (own := seen.spread()) else None
    return {
        "n": len(images),
        "corruption": str(corruption),
        "metrics": outputs.mean(),
        "noisy_input": inputs.mean(),
        "black_mse": outputs.black_mse(),
        **({"inside_hole": hole} if (hole := _inside_hole(outputs, inputs)) else {}),
        **({"remark": remark.as_json()} if remark else {}),
    }


@subnormals.as_zero()
@torch.inference_mode()
def squared_errors(
    model: Network,
    images: Tensor,
    corruption: Corruption,
    progress: Callable[[int, int], None] = lambda done, total: None,
    classes: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Each image's mean squared error on the [0, 1] scale, of the output and of the noisy input, float64 (N,): what
    `evaluate` takes its MSE and PSNR from, in a fraction of the time. Raises `AecoreError` as it does."""
    found: list[tuple[Tensor, Tensor]] = []
    done = 0
    for clean, noisy, output, _ in _reconstructed(model, images, corruption, NOISE_SEED, classes):
        found.append((_errors(clean, output), _errors(clean, noisy)))
        done += len(clean)
        progress(done, len(images))
    of_outputs, of_inputs = (torch.cat(part).numpy() for part in zip(*found, strict=True))
    _check_finite(of_outputs)
    return of_outputs, of_inputs


def _errors(clean: Tensor, other: Tensor) -> Tensor:
    """Each image's mean squared error, float64 (B,), on the CPU."""
    return wide(other - clean).square().flatten(1).mean(1).cpu()


def evaluate_all(
    model: Network,
    images: Tensor,
    labels: np.ndarray,
    experiment: Experiment,
    run_id: str,
    weights: str,
    report: Report = silent,
) -> list[dict[str, Any]]:
    """The entries of a run's evaluation.json: `evaluate` under each corruption of the experiment's evaluation.

    `weights` is the SHA-256 of the model's file.
    """
    return [
        run_entry(
            run_id,
            weights,
            evaluate(
                model,
                images,
                corruption,
                lambda done, total, what=corruption: report("evaluating", done, total, what.label),
                labels if reads(experiment.data.source) else None,
                labels,
            ),
        )
        for corruption in experiment.evaluation.corruptions
    ]


def run_entry(run_id: str, weights: str, measured: dict[str, Any]) -> dict[str, Any]:
    """What `evaluate` measured with weights of that SHA-256, as evaluation.json holds it."""
    return {"run": run_id, "split": "test", "weights": weights, **measured}


def _inside_hole(outputs: _Scores, inputs: _Scores) -> dict[str, Any] | None:
    """The entry's `inside_hole`; None where no pixel was lost."""
    (of_outputs, images), (of_inputs, _) = outputs.inside_hole(), inputs.inside_hole()
    return {"images": images, "metrics": of_outputs, "noisy_input": of_inputs} if images else None


def _check_finite(scores: np.ndarray) -> None:
    if not np.isfinite(scores).all():
        raise AecoreError(
            "the network returns NaN or infinity, not images: its weights are damaged or its training diverged"
        )


class _Scores:
    """The metrics of outputs or of noisy inputs, gathered batch by batch on the images' device."""

    def __init__(self, model: Network, labels: np.ndarray | None) -> None:
        self.model, self.labels = model, labels
        self.parts: list[Tensor] = []
        self.read: list[np.ndarray] = []
        self.holes: list[np.ndarray] = []

    def add(self, clean: Tensor, other: Tensor, lost: Tensor | None) -> None:
        """Score `other` against `clean`, (B, C, H, W) on the [0, 1] scale; `lost` pixels, (B, 1, H, W), apart too."""
        self.parts.append(image_metrics.measure(clean, other))
        if lost is not None:
            arrays = (part.cpu().numpy() for part in (clean, other, lost))
            self.holes.append(image_metrics.inside_hole(*arrays)["mse"])
        if self.labels is not None:
            self.read.append(read_digits(other))

    def measured(self) -> np.ndarray:
        return torch.cat(self.parts, dim=1).cpu().numpy()

    def inside_hole(self) -> tuple[dict[str, float | None], int]:
        """Mean MSE and PSNR over the lost pixels, and how many images lost any."""
        if not self.holes:
            return {}, 0
        mse = np.concatenate(self.holes)
        mse = mse[~np.isnan(mse)]
        return image_metrics.average({"mse": mse, "psnr_db": image_metrics.psnr(mse)}), len(mse)

    def black_mse(self) -> float:
        return float(self.measured()[1].mean())

    def mean(self) -> dict[str, float | None]:
        measured = self.measured()
        _check_finite(measured)
        result = image_metrics.average(image_metrics.named(measured))
        if self.model.low != 0 and result["mse"] is not None:
            result["mse_model_scale"] = result["mse"] * (self.model.high - self.model.low) ** 2
        if self.labels is not None:
            result["wrong_digit_rate"] = float(np.mean(np.concatenate(self.read) != self.labels))
        return result


class _Variation:
    """How much images vary from one to the next, gathered batch by batch."""

    def __init__(self) -> None:
        self.count, self.high = 0, 0.0
        self.mean: np.ndarray | float = 0.0
        self.squares: np.ndarray | float = 0.0
        """The mean of every pixel, and the sum of its squared differences from it."""

    def add(self, images: Tensor) -> None:
        """Images (B, C, H, W) on the [0, 1] scale."""
        values = images.float().cpu().numpy().astype(np.float64)
        here, mean = len(values), values.mean(axis=0)
        apart, total = mean - self.mean, self.count + here
        self.squares = self.squares + ((values - mean) ** 2).sum(axis=0) + apart**2 * (self.count * here / total)
        self.mean = self.mean + apart * (here / total)
        self.count, self.high = total, max(self.high, float(values.max()))

    def spread(self) -> float:
        """Root of the variance over the images, averaged over the pixels."""
        return float(np.sqrt(np.mean(self.squares / self.count)))


def reconstructions(
    model: Network,
    images: Tensor,
    corruption: Corruption,
    seed: int = NOISE_SEED,
    classes: np.ndarray | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Clean, noisy and reconstructed images on the [0, 1] scale, batch by batch, each float32 (B, C, H, W) on the CPU.

    The corruption happens in the model's own range; one seed gives one result, also where the model samples. `classes`,
    labels uint8 (N,), are what a conditional network is told.
    """
    for clean, noisy, output, _ in restorations(model, images, corruption, seed, classes):
        yield clean, noisy, output


class Restored(NamedTuple):
    """Clean, corrupted and restored images float32 (B, C, H, W) on the [0, 1] scale, and which pixels were lost, bool
    (B, 1, H, W), or None where none were."""

    clean: np.ndarray
    noisy: np.ndarray
    output: np.ndarray
    lost: np.ndarray | None


def restorations(
    model: Network,
    images: Tensor,
    corruption: Corruption,
    seed: int = NOISE_SEED,
    classes: np.ndarray | None = None,
) -> Iterator[Restored]:
    """What `reconstructions` yields, with the lost pixels."""
    for *parts, lost in _reconstructed(model, images, corruption, seed, classes):
        arrays = (part.contiguous().cpu().numpy() for part in parts)
        yield Restored(*arrays, lost=None if lost is None else lost.cpu().numpy())


def joined(parts: Iterable[Restored]) -> Restored:
    """All batches as one."""
    *images, lost = zip(*parts, strict=True)
    arrays = (np.concatenate(batches) for batches in images)
    return Restored(*arrays, lost=None if lost[0] is None else np.concatenate(lost))


def _reconstructed(
    model: Network, images: Tensor, corruption: Corruption, seed: int, classes: np.ndarray | None
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
    """The same on the images' own device."""
    model.eval()
    generator = torch.Generator(images.device).manual_seed(seed)
    model.rng.seed(seed + 1, images.device)  # another sequence than the noise's
    told = Condition(known_classes(model, classes)).split(BATCH, len(images))
    for batch, condition in zip(images.split(BATCH), told, strict=True):
        with torch.inference_mode():
            clean = model.from_bytes(batch)
            made = corrupted(clean, corruption, generator, model.low, model.high)
            output = reconstruct(model, made.images, condition._replace(levels=made.levels))
            parts = (model.to_unit(part).float() for part in (clean, made.images, output))
            found = (*parts, made.lost)
        yield found  # type: ignore[misc]


def reconstruct(model: Network, images: Tensor, condition: Condition = NOTHING) -> Tensor:
    """The model's outputs for images (B, C, H, W) in its own range; on a CPU a few images at a time."""
    # The random numbers of a sampling model depend on the batch size, and must not change.
    if images.device.type != "cpu" or model.samples_always or not model.plan.map_shape:
        return model(images, condition)
    parts = zip(images.split(CPU_BATCH), condition.split(CPU_BATCH, len(images)), strict=True)
    return torch.cat([model(part, told) for part, told in parts])
