"""Measuring a trained model on a whole test set, always beside the noisy input's own score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aecore.config.corruption import Corruption
from aecore.data.corruption import corrupt
from aecore.metrics import image as image_metrics
from aecore.models.autoencoder import Autoencoder
from aecore.models.digit_classifier.network import read_digits

NOISE_SEED = 20_001
"""Test noise is drawn from this seed, whatever the run's own: every model is shown the same noisy images."""

BATCH = 1000
PASS = 200
"""On a CPU a network sees so many of them at a time: what its layers make stays in the cache."""


@torch.inference_mode()
def evaluate(
    model: Autoencoder,
    images: Tensor,
    corruption: Corruption,
    progress: Callable[[int, int], None] = lambda done, total: None,
    labels: np.ndarray | None = None,
) -> dict[str, Any]:
    """Mean metrics of the reconstructions and of the noisy inputs; `images` uint8 (N, C, H, W) on the model's device.

    Returns `{"n", "corruption", "metrics", "noisy_input", "black_mse"}`, each metric on the [0, 1] scale, None for
    infinite, and `mse_model_scale` beside where the model's range differs. `black_mse` is what an all-black output
    would score: a network that has learnt nothing else often sits there. With `labels`, uint8 (N,), there is also
    `wrong_digit_rate`: the share of images that the digit classifier reads as another digit.
    """
    outputs, inputs = _Scores(model, labels), _Scores(model, labels)
    done = 0
    for clean, noisy, output in _reconstructed(model, images, corruption, NOISE_SEED):
        outputs.add(clean, output)
        inputs.add(clean, noisy)
        done += len(clean)
        progress(done, len(images))
    return {
        "n": len(images),
        "corruption": str(corruption),
        "metrics": outputs.mean(),
        "noisy_input": inputs.mean(),
        "black_mse": outputs.black_mse(),
    }


class _Scores:
    """The scores of one side, gathered batch by batch where the images are."""

    def __init__(self, model: Autoencoder, labels: np.ndarray | None) -> None:
        self.model, self.labels = model, labels
        self.parts: list[Tensor] = []
        self.read: list[np.ndarray] = []

    def add(self, clean: Tensor, other: Tensor) -> None:
        """Score `other` against `clean`, (B, C, H, W) on the [0, 1] scale."""
        self.parts.append(image_metrics.measure(clean, other))
        if self.labels is not None:
            self.read.append(read_digits(other))

    def measured(self) -> np.ndarray:
        return torch.cat(self.parts, dim=1).cpu().numpy()

    def black_mse(self) -> float:
        return float(self.measured()[1].mean())

    def mean(self) -> dict[str, float | None]:
        result = image_metrics.average(image_metrics.named(self.measured()))
        if self.model.low != 0 and result["mse"] is not None:
            result["mse_model_scale"] = result["mse"] * (self.model.high - self.model.low) ** 2
        if self.labels is not None:
            result["wrong_digit_rate"] = float(np.mean(np.concatenate(self.read) != self.labels))
        return result


def reconstructions(
    model: Autoencoder, images: Tensor, corruption: Corruption, seed: int = NOISE_SEED
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Clean, noisy and reconstructed images on the [0, 1] scale, batch by batch, each float32 (B, C, H, W) on the CPU.

    The corruption happens in the model's own range; one seed gives one result, also where the model draws.
    """
    for parts in _reconstructed(model, images, corruption, seed):
        yield tuple(part.contiguous().cpu().numpy() for part in parts)  # type: ignore[misc]


def _reconstructed(
    model: Autoencoder, images: Tensor, corruption: Corruption, seed: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """The same on the images' own device."""
    model.eval()
    generator = torch.Generator(images.device).manual_seed(seed)
    model.draws.seed(seed + 1, images.device)  # not the noise's own sequence
    for batch in images.split(BATCH):
        with torch.inference_mode():
            clean = model.from_bytes(batch)
            noisy = corrupt(clean, corruption, generator, model.low, model.high)
            output = reconstruct(model, noisy)
            parts = tuple(model.to_unit(part).float() for part in (clean, noisy, output))
        yield parts  # type: ignore[misc]


def reconstruct(model: Autoencoder, images: Tensor) -> Tensor:
    """The model's outputs for images (B, C, H, W) in its own range, on a CPU some at a time."""
    # What a model draws depends on how many images it sees at a time, and is to be what it always was.
    if images.device.type != "cpu" or model.samples_always or not model.plan.map_shape:
        return model(images)
    return torch.cat([model(part) for part in images.split(PASS)])
