"""Batches of noisy and clean images, made on the device from uint8 images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.data.corruption import corrupted
from aecore.data.shard import BatchShard
from aecore.data.streamed import Streamed
from aecore.errors import UserError
from aecore.models.condition import HIDDEN_CLASSES, UNKNOWN, Condition
from aecore.training.checkpoint import State
from aecore.training.feed import Feed


class Batch(NamedTuple):
    """Noisy and clean images (B, C, H, W) in the model's range, what the model is told of them, and, where training
    knows them, their classes, int64 (B,)."""

    noisy: Tensor
    clean: Tensor
    condition: Condition
    classes: Tensor | None


class Batches:
    """Turns indices into batches, in buffers that every step reuses: on a CPU the page faults of a fresh array of this
    size cost more than its arithmetic."""

    def __init__(
        self,
        train: Tensor | Streamed,
        experiment: Experiment,
        state: State,
        dtype: torch.dtype,
        classes: Tensor | None = None,
    ) -> None:
        """`train` is uint8 (N, C, H, W) on the training device or streamed to it, `classes` int64 (N,) there, where
        network or loss need them; batches come out in `dtype`."""
        self.classes, self.redraws = classes, experiment.data.redraw
        self.corruption, self.state, self.model, self.dtype = experiment.corruption, state, state.model, dtype
        self.size = min(experiment.training.batch_size, len(train))
        # Where the network's maps have their channels last, the images lie so too, and only their axes are permuted.
        self.channels_last = self.model.channels_last
        once = self.corruption.once and self.corruption.active
        self.feed: Feed | None = None
        if isinstance(train, Streamed):
            if once:
                raise UserError(
                    "corruption.once: a noisy copy of every image would be kept, and these images do not fit into "
                    "memory; leave it out, or train on fewer (data.train_images)"
                )
            self.feed, self.train = Feed(train, self.size), torch.empty((0, *train.shape[1:]), device=train.device)
            self.train = self.train.to(torch.uint8)
        else:
            self.train = train
        self.train = self.train.permute(0, 2, 3, 1).contiguous() if self.channels_last else self.train
        self.picked = self.train.new_empty((self.size, *self.train.shape[1:]))
        # Noise is drawn in float32: torch has no fast way to draw it in narrower types.
        fresh = (self.corruption.active and not once) or self.redraws
        self.batch = torch.empty_like(self.picked, dtype=torch.float32 if fresh else dtype)
        self.fixed_levels: Tensor | None = None
        self.fixed = self._corrupt_once(experiment.training.seed) if once else None

    def begin(self, batches: Sequence[Tensor], shard_of: Callable[[int], BatchShard | None]) -> None:
        """Announce an epoch's batches, int64 (B,) each, in their order; `shard_of` says which rows of a batch of that
        size are taken, None for all."""
        if self.feed is not None:
            shards = [shard_of(len(batch)) for batch in batches]
            self.feed.begin([b if s is None else b[s.rows] for b, s in zip(batches, shards, strict=True)])

    def fetch(self, count: int) -> None:
        """Before `take`, which may be replayed: the next batch's `count` images, where they are streamed."""
        if self.feed is not None:
            self.feed.take(self._permuted(self.picked[:count]))

    def end(self) -> None:
        """The announced batches that are left are not wanted any more."""
        if self.feed is not None:
            self.feed.end()

    def take(self, chosen: Tensor, shard: BatchShard | None = None) -> Batch:
        """The batch of the images with these indices, int64 (B,), valid until the next call. With `shard` only those
        rows of it, with the noise that they have in the whole batch."""
        whole = len(chosen)
        chosen = chosen if shard is None else chosen[shard.rows]
        count = len(chosen)
        if self.feed is None:
            torch.index_select(self.train, 0, chosen, out=self.picked[:count])
        low, high = self.model.low, self.model.high
        clean = torch.div(self.picked[:count], 255 / (high - low), out=self.batch[:count])
        clean = self._permuted(clean.add_(low) if low else clean)
        if self.redraws:
            clean = self._redrawn(clean, shard)
        classes = None if self.classes is None else self.classes[chosen]
        told = self._hidden(classes, whole, shard) if classes is not None and self.model.conditional else None
        if self.fixed is not None:
            noisy = self._permuted(self.fixed.index_select(0, chosen))
            levels = None if self.fixed_levels is None else self.fixed_levels[chosen]
            return Batch(noisy, clean, Condition(told, levels), classes)
        made = corrupted(clean, self.corruption, self.state.noise, low, high, shard)
        return Batch(made.images.to(self.dtype), clean.to(self.dtype), Condition(told, made.levels), classes)

    def _redrawn(self, grey: Tensor, shard: BatchShard | None) -> Tensor:
        """Grey images (B, C, H, W) with every pixel black or white."""
        low, high = self.model.low, self.model.high
        shape = grey.shape if shard is None else (shard.of, *grey.shape[1:])
        drawn = torch.rand(shape, generator=self.state.noise, device=grey.device)
        drawn = drawn if shard is None else drawn[shard.rows]
        return torch.where(drawn * (high - low) + low < grey, high, low).to(grey.dtype)

    def _hidden(self, classes: Tensor, whole: int, shard: BatchShard | None) -> Tensor:
        """Classes (B,), some of which are hidden."""
        drawn = torch.rand(whole, generator=self.state.noise, device=classes.device)
        return torch.where((drawn if shard is None else drawn[shard.rows]) < HIDDEN_CLASSES, UNKNOWN, classes)

    def _permuted(self, images: Tensor) -> Tensor:
        return images.permute(0, 3, 1, 2) if self.channels_last else images

    def _corrupt_once(self, seed: int) -> Tensor:
        """Every training image with its fixed noise, from a seed of its own, so that a resumed run has the same."""
        generator = torch.Generator(self.train.device).manual_seed(seed + 4_000_003)
        noisy, levels = torch.empty_like(self.train, dtype=self.dtype), []
        for start in range(0, len(noisy), 1000):
            images = self._permuted(self.model.from_bytes(self.train[start : start + 1000]))
            made = corrupted(images, self.corruption, generator, self.model.low, self.model.high)
            self._permuted(noisy[start : start + 1000]).copy_(made.images)
            levels.append(made.levels)
        self.fixed_levels = torch.cat(levels)
        return noisy
