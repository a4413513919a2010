"""Validation images under a corruption, for choosing settings without looking at the test images."""

from __future__ import annotations

import numpy as np
import torch

from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.data import ImageSet
from aecore.data.corruption import corrupt

VALIDATION_SEED = 10_001
"""Validation noise is drawn from this seed, which differs from the test noise's."""

LAST = 5000
"""Where a run has no validation images, settings are chosen on this many of the last training images."""


def validation_pairs(
    images: ImageSet, experiment: Experiment, corruption: Corruption, count: int = 100
) -> tuple[np.ndarray, np.ndarray]:
    """Clean images and the same ones corrupted, both float32 (N, C, H, W) on the [0, 1] scale, N at most `count`.

    They are evenly spaced over the images that the run held out from the end of the training images, or over the last
    5,000 where it held out none. The corruption happens in the range of the run's model, without clamping afterwards.
    """
    held = min(experiment.data.validation_images or LAST, len(images.x_train))
    chosen = len(images.x_train) - held + np.unique(np.linspace(0, held - 1, min(count, held)).astype(int))
    clean = torch.from_numpy(images.x_train[chosen].astype(np.float32)).div_(255)
    low, high = experiment.model.value_range
    generator = torch.Generator().manual_seed(VALIDATION_SEED)
    noisy = corrupt(clean * (high - low) + low, corruption, generator, low, high)
    return clean.numpy(), ((noisy - low) / (high - low)).numpy()
