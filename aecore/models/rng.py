"""A model's own random numbers: dropout masks and the codes of a VAE."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch
from torch import Tensor

from aecore.data.shard import BatchShard
from aecore.models import fast_paths


class ModelRng(threading.local):
    """The random number generator of one model, so that runs repeat whatever else draws from PyTorch's own.

    Each thread has a generator of its own, so that several sessions of a server can use one model at once.
    """

    def __init__(self) -> None:
        self.generator: torch.Generator | None = None
        self.shard: BatchShard | None = None
        """Set while the model sees only some rows of a batch: numbers are drawn for all rows and those of the shard
        returned, so that several processes together draw what one would."""

    def seed(self, seed: int, device: torch.device) -> None:
        """Start a fixed sequence; before the first call PyTorch's global generator is used."""
        self.generator = torch.Generator(device).manual_seed(seed)

    @contextlib.contextmanager
    def for_shard(self, shard: BatchShard) -> Iterator[None]:
        """Inside the block the model sees this shard of a batch."""
        self.shard = shard
        try:
            yield
        finally:
            self.shard = None

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal values of the shape, type and device of `like`."""
        shape = like.shape if self.shard is None else (self.shard.of, *like.shape[1:])
        values = torch.randn(shape, generator=self.generator, device=like.device, dtype=like.dtype)
        return values if self.shard is None else values[self.shard.rows]

    def uniform(self, like: Tensor) -> Tensor:
        """Values uniform in [0, 1) of the shape, type and device of `like`, which are not of a batch: the same in every
        process that shares one."""
        return torch.rand(like.shape, generator=self.generator, device=like.device, dtype=like.dtype)

    def signs(self, like: Tensor) -> Tensor:
        """-1 or 1, equally likely, of the shape, type and device of `like`."""
        return self.normal(like).sign()

    def keep_mask(self, like: Tensor, share: float) -> Tensor:
        """1 with probability `share`, else 0, in the shape, type and memory order of `like`."""
        draw = fast_paths.keep_mask if like.device.type == "cpu" else fast_paths.plain_keep_mask
        return draw(like, share, self.generator, self.shard)
