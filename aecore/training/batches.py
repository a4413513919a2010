"""Batches of noisy and clean images, made on the device from the stored ones."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.data.corruption import corrupt
from aecore.data.shard import BatchShard
from aecore.training.checkpoint import State


class Batches:
    """Turns chosen numbers into batches, in buffers that every step uses again: on a CPU a fresh array of this size
    costs more in page faults than its arithmetic."""

    def __init__(self, train: Tensor, experiment: Experiment, state: State, dtype: torch.dtype) -> None:
        """`train` is uint8 (N, C, H, W) on the training device; batches come out in `dtype`."""
        self.corruption, self.state, self.model, self.dtype = experiment.corruption, state, state.model, dtype
        self.size = min(experiment.training.batch_size, len(train))
        # Convolutions want channels last: the images are kept so in memory and turned only in name.
        self.last = self.model.plan.map_shape is not None
        self.train = train.permute(0, 2, 3, 1).contiguous() if self.last else train
        self.picked = self.train.new_empty((self.size, *self.train.shape[1:]))
        once = self.corruption.once and self.corruption.active
        # Noise is drawn in float32: torch has no fast way to draw it in shorter types.
        afresh = self.corruption.active and not once
        self.batch = torch.empty_like(self.picked, dtype=torch.float32 if afresh else dtype)
        self.fixed = self._drawn_once(experiment.training.seed) if once else None

    def take(self, chosen: Tensor, part: BatchShard | None = None) -> tuple[Tensor, Tensor]:
        """Noisy and clean images (B, C, H, W) in the model's range; good until the next call. With `part` only those
        rows of the batch, with the noise that they have in the whole of it."""
        chosen = chosen if part is None else chosen[part.rows]
        count = len(chosen)
        torch.index_select(self.train, 0, chosen, out=self.picked[:count])
        low, high = self.model.low, self.model.high
        clean = torch.div(self.picked[:count], 255 / (high - low), out=self.batch[:count])
        clean = self._turned(clean.add_(low) if low else clean)
        if self.fixed is not None:
            return self._turned(self.fixed.index_select(0, chosen)), clean
        noisy = corrupt(clean, self.corruption, self.state.noise, low, high, part)
        return noisy.to(self.dtype), clean.to(self.dtype)

    def _turned(self, images: Tensor) -> Tensor:
        return images.permute(0, 3, 1, 2) if self.last else images

    def _drawn_once(self, seed: int) -> Tensor:
        """Every training image with the noise it keeps; from a seed of its own, so that resuming finds the same."""
        generator = torch.Generator(self.train.device).manual_seed(seed + 4_000_003)
        noisy = torch.empty_like(self.train, dtype=self.dtype)
        for start in range(0, len(noisy), 1000):
            part = self._turned(self.model.from_bytes(self.train[start : start + 1000]))
            self._turned(noisy[start : start + 1000]).copy_(
                corrupt(part, self.corruption, generator, self.model.low, self.model.high)
            )
        return noisy
