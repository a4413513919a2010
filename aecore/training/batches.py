"""Batches of noisy and clean images, made on the device from uint8 images."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.data.corruption import corrupt
from aecore.data.shard import BatchShard
from aecore.training.checkpoint import State


class Batches:
    """Turns indices into batches, in buffers that every step reuses: on a CPU the page faults of a fresh array of this
    size cost more than its arithmetic."""

    def __init__(self, train: Tensor, experiment: Experiment, state: State, dtype: torch.dtype) -> None:
        """`train` is uint8 (N, C, H, W) on the training device; batches come out in `dtype`."""
        self.corruption, self.state, self.model, self.dtype = experiment.corruption, state, state.model, dtype
        self.size = min(experiment.training.batch_size, len(train))
        # Convolutions are faster with channels last: the images lie so in memory, and only their axes are permuted.
        self.channels_last = self.model.plan.map_shape is not None
        self.train = train.permute(0, 2, 3, 1).contiguous() if self.channels_last else train
        self.picked = self.train.new_empty((self.size, *self.train.shape[1:]))
        once = self.corruption.once and self.corruption.active
        # Noise is drawn in float32: torch has no fast way to draw it in narrower types.
        fresh = self.corruption.active and not once
        self.batch = torch.empty_like(self.picked, dtype=torch.float32 if fresh else dtype)
        self.fixed = self._corrupt_once(experiment.training.seed) if once else None

    def take(self, chosen: Tensor, shard: BatchShard | None = None) -> tuple[Tensor, Tensor]:
        """Noisy and clean images (B, C, H, W) in the model's range; valid until the next call. With `shard` only
        those rows of the batch, with the noise that they have in the whole batch."""
        chosen = chosen if shard is None else chosen[shard.rows]
        count = len(chosen)
        torch.index_select(self.train, 0, chosen, out=self.picked[:count])
        low, high = self.model.low, self.model.high
        clean = torch.div(self.picked[:count], 255 / (high - low), out=self.batch[:count])
        clean = self._permuted(clean.add_(low) if low else clean)
        if self.fixed is not None:
            return self._permuted(self.fixed.index_select(0, chosen)), clean
        noisy = corrupt(clean, self.corruption, self.state.noise, low, high, shard)
        return noisy.to(self.dtype), clean.to(self.dtype)

    def _permuted(self, images: Tensor) -> Tensor:
        return images.permute(0, 3, 1, 2) if self.channels_last else images

    def _corrupt_once(self, seed: int) -> Tensor:
        """Every training image with its fixed noise, from a seed of its own, so that a resumed run has the same."""
        generator = torch.Generator(self.train.device).manual_seed(seed + 4_000_003)
        noisy = torch.empty_like(self.train, dtype=self.dtype)
        for start in range(0, len(noisy), 1000):
            images = self._permuted(self.model.from_bytes(self.train[start : start + 1000]))
            self._permuted(noisy[start : start + 1000]).copy_(
                corrupt(images, self.corruption, generator, self.model.low, self.model.high)
            )
        return noisy
