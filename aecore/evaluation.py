"""Measuring a trained model on a whole test set, always beside the noisy input's own score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aecore import metrics
from aecore.corruption import corrupt
from aecore.experiment import Corruption

NOISE_SEED = 20_001
"""Test noise is drawn from this seed, whatever the run's own: every model is shown the same noisy images."""

BATCH = 1000


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    images: Tensor,
    corruption: Corruption,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Mean metrics of the reconstructions and of the noisy inputs; `images` uint8 (N, C, H, W) on the model's device.

    Returns `{"n", "corruption", "metrics", "noisy_input"}`, each metric on the [0, 1] scale, None for infinite.
    """
    outputs: list[dict[str, np.ndarray]] = []
    inputs: list[dict[str, np.ndarray]] = []
    done = 0
    for clean, noisy, output in reconstructions(model, images, corruption):
        outputs.append(metrics.per_image(clean, output))
        inputs.append(metrics.per_image(clean, noisy) if corruption.kind != "none" else _perfect(len(clean)))
        done += len(clean)
        progress(done, len(images))
    return {
        "n": len(images),
        "corruption": str(corruption),
        "metrics": metrics.average(_joined(outputs)),
        "noisy_input": metrics.average(_joined(inputs)),
    }


def reconstructions(
    model: nn.Module, images: Tensor, corruption: Corruption, seed: int = NOISE_SEED
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Clean, noisy and reconstructed images, batch by batch, each float32 (B, C, H, W) on the CPU."""
    model.eval()
    generator = torch.Generator(images.device).manual_seed(seed)
    for batch in images.split(BATCH):
        with torch.inference_mode():
            clean = batch.float().div_(255)
            noisy = corrupt(clean, corruption, generator)
            output = model(noisy)
        yield clean.cpu().numpy(), noisy.cpu().numpy(), output.float().cpu().numpy()


def _perfect(count: int) -> dict[str, np.ndarray]:
    """What an input without noise scores against itself."""
    values = {"mse": 0.0, "psnr_db": np.inf, "ssim": 1.0, "snr_db": np.inf}
    return {name: np.full(count, value) for name, value in values.items()}


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in metrics.NAMES}
