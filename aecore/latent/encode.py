"""Encoding images, and the range and spread of every latent unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from aecore.config.corruption import Corruption
from aecore.data.corruption import corrupt
from aecore.latent.codes import WIDEST_SAVED, Codes
from aecore.metrics.code_units import ACTIVE_VARIANCE, CONSTANT_RANGE
from aecore.models.condition import Condition
from aecore.models.network import Network, known_classes

BATCH = 1000


class CodeRange:
    """Range and standard deviation of every latent unit over all codes that were added, on their device."""

    def __init__(self) -> None:
        self.low: Tensor | None = None
        self.high: Tensor | None = None
        self.count = 0
        self.first = self.sum = self.squares = torch.zeros(())

    def add(self, codes: Tensor) -> None:
        """Take in codes (B, n)."""
        low, high = codes.amin(0), codes.amax(0)
        if self.low is None:
            self.first = codes[0].clone()
            self.sum = torch.zeros(codes.shape[1], dtype=torch.float64).to(codes.device, _sum_type(codes))
            self.squares = torch.zeros_like(self.sum)
        # Relative to the first code, so that rounding does not hide the spread of a unit far from zero.
        shifted = codes - self.first
        self.count += len(codes)
        self.sum += shifted.sum(0)
        self.squares += shifted.square_().sum(0)
        self.low = low if self.low is None else torch.minimum(self.low, low)
        self.high = high if self.high is None else torch.maximum(self.high, high)

    def dead_units(self) -> int:
        """The number of units with the same value for every image, up to a range of 1e-6.

        A dead ReLU unit is 0 for every image; a unit of any other function is as useless when it is constant.
        Raises `ValueError` when no codes were added.
        """
        if self.low is None or self.high is None:
            raise ValueError("no codes were added")
        return int(((self.high - self.low) <= CONSTANT_RANGE).sum())

    def active_units(self) -> int:
        """The number of units that vary by more than `ACTIVE_VARIANCE`: of a VAE, whose prior fixes the scale, those
        that say something about the image."""
        return int((self.std() ** 2 > ACTIVE_VARIANCE).sum())

    def std(self) -> np.ndarray:
        """Standard deviation of every unit over all codes, float (n,); 0 for a dead one."""
        if not self.count:
            raise ValueError("no codes were added")
        mean = self.sum / self.count
        return (self.squares / self.count - mean.square()).clamp_(min=0).sqrt().cpu().numpy()


def _sum_type(codes: Tensor) -> torch.dtype:
    """Double precision where the device supports it."""
    return torch.float32 if codes.device.type == "mps" else torch.float64


@torch.inference_mode()
def codes_of(
    model: Network,
    images: Tensor,
    corruption: Corruption,
    seed: int,
    chosen: np.ndarray | None = None,
    labels: np.ndarray | None = None,
) -> np.ndarray:
    """The codes of uint8 images (N, C, H, W), corrupted from `seed`, float32 (N, n); of a VAE their means.

    With `chosen`, ascending, only those of these rows; the noise is that of the whole set all the same. `labels`, uint8
    (N,), are what a conditional network is told.
    """
    model.eval()
    rows = np.arange(len(images)) if chosen is None else chosen
    classes = known_classes(model, None if labels is None else labels[rows])
    parts, done = [], 0
    for inputs in inputs_of(model, images, corruption, seed, rows):
        told = None if classes is None else classes[done : done + len(inputs)]
        parts.append(model.mean_codes(inputs, Condition(told)).float().cpu().numpy())
        done += len(inputs)
    return np.concatenate(parts)


def inputs_of(
    model: Network, images: Tensor, corruption: Corruption, seed: int, chosen: np.ndarray
) -> Iterator[Tensor]:
    """What the model is given of the `chosen` rows, ascending, of uint8 images (N, C, H, W), in batches: corrupted from
    `seed`, with the noise of the whole set, in the model's range."""
    generator = torch.Generator(images.device).manual_seed(seed)
    for start in range(0, len(images), BATCH):
        rows = torch.from_numpy(chosen[(chosen >= start) & (chosen < start + BATCH)] - start).to(images.device)
        batch = images[start : start + BATCH]
        if corruption.active:
            noisy = corrupt(model.from_bytes(batch), corruption, generator, model.low, model.high)[rows]
        else:  # there is nothing to draw for the others
            noisy = model.from_bytes(batch[rows])
        if len(rows):
            yield noisy


@torch.inference_mode()
def measure_codes(
    model: Network,
    images: Tensor,
    labels: np.ndarray,
    corruption: Corruption,
    seed: int,
    chosen: np.ndarray,
    split: str = "test",
) -> Codes:
    """Codes and reconstruction errors of the `chosen` rows, ascending, of a whole test set, or of all images of another
    `split`, uint8 (N, C, H, W).

    The noise is that of the whole set from `seed`, as in `codes_of` and in evaluations. A conditional network is told
    the labels.
    """
    model.eval()
    generator = torch.Generator(images.device).manual_seed(seed)
    narrow = model.plan.code_size <= WIDEST_SAVED
    codes, errors, classes = [], [], known_classes(model, labels)
    for start in range(0, len(images), BATCH):
        clean = model.from_bytes(images[start : start + BATCH])
        noisy = corrupt(clean, corruption, generator, model.low, model.high)
        rows = torch.from_numpy(chosen[(chosen >= start) & (chosen < start + BATCH)] - start).to(images.device)
        if not len(rows):
            continue
        condition = Condition(None if classes is None else classes[start : start + BATCH][rows])
        code = model.mean_codes(noisy[rows], condition)
        wrong = (model.to_unit(model.decode(code, condition)) - model.to_unit(clean[rows])).square().flatten(1).mean(1)
        errors.append(wrong.float().cpu().numpy())
        if narrow:
            codes.append(code.float().cpu().numpy())
    kept = np.concatenate(codes) if narrow else None
    return Codes(kept, labels[chosen], chosen, np.concatenate(errors), str(corruption), split=split)
