"""A model's own chance: dropout's masks and the codes of a VAE."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch
from torch import Tensor

from aecore.data.shard import BatchShard


class Draws(threading.local):
    """Where a model's own chance comes from: dropout's masks and the codes of a VAE.

    A generator of its own makes runs repeat; one for each thread lets several sessions of a server use a model at once.
    """

    def __init__(self) -> None:
        self.generator: torch.Generator | None = None
        self.part: BatchShard | None = None
        """Set while the model sees only some rows of a batch: it draws for all rows and takes those, so that several
        processes together draw what one would."""

    def seed(self, seed: int, device: torch.device) -> None:
        """Begin a fixed sequence; without one, torch's global generator is used."""
        self.generator = torch.Generator(device).manual_seed(seed)

    @contextlib.contextmanager
    def within(self, part: BatchShard) -> Iterator[None]:
        """What the model sees inside the block is this part of a batch."""
        self.part = part
        try:
            yield
        finally:
            self.part = None

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal values of the shape, type and device of `like`."""
        shape = like.shape if self.part is None else (self.part.of, *like.shape[1:])
        values = torch.randn(shape, generator=self.generator, device=like.device, dtype=like.dtype)
        return values if self.part is None else values[self.part.rows]

    def kept(self, like: Tensor, share: float) -> Tensor:
        """1 with probability `share`, else 0, in the shape, type and memory order of `like`.

        On the CPU from 16 random bits a value, which is seven times as fast as torch's Bernoulli numbers and rounds
        `share` to a multiple of 2⁻¹⁶.
        """
        if like.device.type != "cpu":
            whole = torch.empty_like(like) if self.part is None else _for_all_rows(like, self.part)
            whole.bernoulli_(share, generator=self.generator)
            return whole if self.part is None else whole[self.part.rows]
        count, begin = like.numel(), 0
        if self.part is not None:
            count, begin = self.part.of * like[0].numel(), self.part.rows.start * like[0].numel()
        words = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None, generator=self.generator)
        bits = words.view(torch.int16)[begin : begin + like.numel()]  # uniform in [-2¹⁵, 2¹⁵)
        most = min(max(round(share * 2**16), 1), 2**16) - 2**15 - 1  # within 16 bits for every share
        kept = torch.empty_like(like)
        _in_memory_order(kept).copy_(bits <= most)
        return kept


def _for_all_rows(like: Tensor, part: BatchShard) -> Tensor:
    """An empty tensor for the whole batch of which `like` is a part, in its type and memory order."""
    order = torch.contiguous_format if like.is_contiguous() else torch.channels_last
    return torch.empty((part.of, *like.shape[1:]), dtype=like.dtype, device=like.device, memory_format=order)


def _in_memory_order(values: Tensor) -> Tensor:
    """A flat view of a tensor that is contiguous, with channels first or last."""
    return values.view(-1) if values.is_contiguous() else values.permute(0, 2, 3, 1).view(-1)
