"""Quantised codes: each place of a code's map becomes one of finitely many vectors.

Both quantisers take (B, C, h, w), or (B, C) for a code with one place, and return values of the same shape whose
gradient is that of the input: the straight-through estimator (Bengio, Léonard and Courville 2013).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from aecore.models.rng import ModelRng

COMMITMENT = 0.25
"""Weight of the squared distance between the encoder's output and its vector, as in van den Oord et al. 2017."""
DECAY = 0.99
"""Of the moving averages from which the codebook follows (van den Oord et al. 2017, appendix A.1)."""
DEAD = 0.03
"""A vector that is used less often than this, on average, by a batch is replaced by an output of the encoder (random
restarts, Dhariwal et al. 2020)."""


class FiniteScalar(nn.Module):
    """Rounds each of C numbers to one of its levels, in [-1, 1] (Mentzer et al. 2023)."""

    levels: Tensor
    strides: Tensor

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        # Mixed radix: the first number counts fastest.
        strides = [math.prod(levels[:number]) for number in range(len(levels))]
        self.register_buffer("strides", torch.tensor(strides), persistent=False)
        self.size = math.prod(levels)
        """How many vectors there are."""

    def forward(self, values: Tensor) -> tuple[Tensor, None]:
        """The rounded values; nothing is added to the loss."""
        values = values.float()
        bounded = self._bounded(values)
        rounded = bounded + (bounded.round() - bounded).detach()
        return rounded / self._half(values), None

    def _bounded(self, values: Tensor) -> Tensor:
        """Values in an interval that rounds to exactly as many whole numbers as there are levels; 0 stays 0."""
        levels = _channels(self.levels, values).float()
        reach = (levels - 1) * (1 - 1e-3) / 2
        offset = torch.where(levels % 2 == 0, 0.5, 0.0)  # an even number of levels is not symmetric about 0
        return torch.tanh(values + torch.atanh(offset / reach)) * reach - offset

    def _half(self, values: Tensor) -> Tensor:
        return torch.div(_channels(self.levels, values), 2, rounding_mode="floor").float()

    def indices(self, codes: Tensor) -> Tensor:
        """The number of each place's vector, int64 (B, h, w) or (B,), of codes as `forward` gives them."""
        whole = (codes * self._half(codes)).round().long() + self._half(codes).long()
        return (whole * _channels(self.strides, codes)).sum(1)

    def vectors(self, indices: Tensor) -> Tensor:
        """The vectors with these numbers, (B, C, …) of indices (B, …)."""
        shape = (1, -1) + (1,) * (indices.dim() - 1)
        levels, strides = self.levels.view(shape), self.strides.view(shape)
        whole = torch.div(indices[:, None], strides, rounding_mode="floor") % levels
        half = torch.div(levels, 2, rounding_mode="floor")
        return (whole - half) / half.float()


class Codebook(nn.Module):
    """Replaces the C numbers of each place by the nearest of K learned vectors.

    The vectors follow the encoder's outputs as moving averages, not by gradients. Everything is float32.
    """

    codebook: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, size: int, width: int, rng: ModelRng) -> None:
        super().__init__()
        self.size, self.rng = size, rng
        self.register_buffer("codebook", torch.zeros(size, width))
        self.register_buffer("counts", torch.zeros(size))
        self.register_buffer("sums", torch.zeros(size, width))

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest vectors, and the commitment loss: the mean squared distance to them, times `COMMITMENT`. In
        training the codebook moves afterwards."""
        values = values.float()
        rows = _rows(values)  # (P, C)
        if self.training:
            self._restart(rows.detach())
        chosen = self._nearest(rows.detach())
        quantised = _like(self.codebook[chosen], values)
        commitment = COMMITMENT * (values - quantised).square().mean()
        if self.training:
            self._follow(rows.detach(), chosen)
        return values + (quantised - values).detach(), commitment

    def _nearest(self, rows: Tensor) -> Tensor:
        distances = (
            self.codebook.square().sum(1) - 2 * rows @ self.codebook.T
        )  # without |row|², which is the same for all
        return distances.argmin(1)

    @torch.no_grad()
    def _restart(self, rows: Tensor) -> None:
        """Vectors that are hardly used become outputs of the encoder, drawn at random."""
        dead = self.counts < DEAD
        drawn = rows[(self.rng.uniform(self.counts) * len(rows)).long().clamp_(max=len(rows) - 1)]
        self.codebook.copy_(torch.where(dead[:, None], drawn, self.codebook))
        self.sums.copy_(torch.where(dead[:, None], drawn, self.sums))
        self.counts.copy_(torch.where(dead, torch.ones_like(self.counts), self.counts))

    @torch.no_grad()
    def _follow(self, rows: Tensor, chosen: Tensor) -> None:
        used = torch.zeros_like(self.counts).index_add_(0, chosen, torch.ones_like(rows[:, 0]))
        self.counts.lerp_(used, 1 - DECAY)
        self.sums.lerp_(torch.zeros_like(self.sums).index_add_(0, chosen, rows), 1 - DECAY)
        self.codebook.copy_(self.sums / self.counts.clamp(min=1e-8)[:, None])

    def indices(self, codes: Tensor) -> Tensor:
        """The number of each place's vector, int64 (B, h, w) or (B,)."""
        return self._nearest(_rows(codes.float())).view(len(codes), *codes.shape[2:])

    def vectors(self, indices: Tensor) -> Tensor:
        """The vectors with these numbers, (B, C, …) of indices (B, …)."""
        return self.codebook[indices].movedim(-1, 1)


def _channels(values: Tensor, like: Tensor) -> Tensor:
    """(C) in a shape that broadcasts with (B, C, …)."""
    return values.view(1, -1, *[1] * (like.dim() - 2))


def _rows(values: Tensor) -> Tensor:
    """(B, C, …) as (places, C)."""
    return values.movedim(1, -1).reshape(-1, values.shape[1])


def _like(rows: Tensor, values: Tensor) -> Tensor:
    """(places, C) as (B, C, …), the inverse of `_rows`."""
    return rows.view(values.shape[0], *values.shape[2:], values.shape[1]).movedim(-1, 1)
