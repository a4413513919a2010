"""Measuring a trained model on a whole test set, always beside the noisy input's own score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aecore import metrics
from aecore.classifier.network import read_digits
from aecore.corruption import corrupt
from aecore.models.autoencoder import Autoencoder
from aecore.settings import Corruption

NOISE_SEED = 20_001
"""Test noise is drawn from this seed, whatever the run's own: every model is shown the same noisy images."""

BATCH = 1000


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
    done, power = 0, 0.0
    for clean, noisy, output in reconstructions(model, images, corruption):
        outputs.add(clean, output, metrics.per_image(clean, output))
        inputs.add(clean, noisy, metrics.per_image(clean, noisy) if corruption.active else _perfect(len(clean)))
        done += len(clean)
        power += float(np.mean(np.square(clean, dtype=np.float64))) * len(clean)
        progress(done, len(images))
    return {
        "n": len(images),
        "corruption": str(corruption),
        "metrics": outputs.mean(),
        "noisy_input": inputs.mean(),
        "black_mse": power / len(images),
    }


class _Scores:
    """The scores of one side, gathered batch by batch."""

    def __init__(self, model: Autoencoder, labels: np.ndarray | None) -> None:
        self.model, self.labels = model, labels
        self.parts: list[dict[str, np.ndarray]] = []
        self.read: list[np.ndarray] = []

    def add(self, clean: np.ndarray, other: np.ndarray, scores: dict[str, np.ndarray]) -> None:
        self.parts.append(scores)
        if self.labels is not None:
            self.read.append(read_digits(torch.from_numpy(other)))

    def mean(self) -> dict[str, float | None]:
        result = metrics.average({name: np.concatenate([p[name] for p in self.parts]) for name in metrics.NAMES})
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
    model.eval()
    generator = torch.Generator(images.device).manual_seed(seed)
    model.draws.seed(seed + 1, images.device)  # not the noise's own sequence
    for batch in images.split(BATCH):
        with torch.inference_mode():
            clean = model.from_bytes(batch)
            noisy = corrupt(clean, corruption, generator, model.low, model.high)
            output = model(noisy)
        yield tuple(_to_numpy(model.to_unit(part)) for part in (clean, noisy, output))  # type: ignore[misc]


def _to_numpy(images: Tensor) -> np.ndarray:
    return images.float().contiguous().cpu().numpy()


def _perfect(count: int) -> dict[str, np.ndarray]:
    """What an input without noise scores against itself."""
    values = {"mse": 0.0, "psnr_db": np.inf, "ssim": 1.0, "snr_db": np.inf}
    return {name: np.full(count, value) for name, value in values.items()}
