"""The affinities of t-SNE (van der Maaten and Hinton 2008): how much each point is drawn to its nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

CPU_BLOCK, GPU_BLOCK = 1_280_000, 2**24
"""Pairs in one block of distances."""
BISECTIONS = 60


@dataclass(frozen=True)
class Affinities:
    """The symmetric matrix P of N points, row by row: of row i the entries `starts[i]` to `starts[i + 1]`."""

    starts: Tensor
    """int64 (N + 1,)."""
    columns: Tensor
    """int64 (E,), ascending within a row."""
    values: Tensor
    """float32 (E,); all sum to 1."""


def affinities(codes: Tensor, perplexity: float) -> Affinities:
    """P of codes (N, n): each point's weights have the perplexity; then symmetrised, with a sum of 1."""
    count = len(codes)
    wanted = min(int(3 * perplexity) + 1, count - 1)
    columns, squares = _neighbours(codes, wanted)
    weights = _weights(squares, perplexity).flatten() / (2 * count)
    rows = torch.arange(count, device=codes.device).repeat_interleave(wanted)
    columns = columns.flatten()
    both = torch.cat([rows * count + columns, columns * count + rows])
    cells, entry = both.unique(return_inverse=True)
    values = torch.zeros(len(cells), dtype=weights.dtype, device=codes.device).index_add_(0, entry, weights.repeat(2))
    bounds = torch.arange(count + 1, device=codes.device) * count
    return Affinities(torch.searchsorted(cells, bounds), cells % count, values.float())


def _neighbours(codes: Tensor, wanted: int) -> tuple[Tensor, Tensor]:
    """Indices of each point's nearest neighbours, int64 (N, k), and their squared distances, float64 (N, k)."""
    codes = codes.double()  # float32 would lose the digits that tell neighbours in a narrow group far from the middle
    squares = codes.square().sum(1)
    # What stays is there before what comes and goes: between it, memory that is free would be of no use.
    columns = torch.empty((len(codes), wanted), dtype=torch.int64, device=codes.device)
    distances = torch.empty((len(codes), wanted), dtype=torch.float64, device=codes.device)
    rows = max((CPU_BLOCK if codes.device.type == "cpu" else GPU_BLOCK) // len(codes), 1)
    buffer = torch.empty((rows, len(codes)), dtype=codes.dtype, device=codes.device)
    for low in range(0, len(codes), rows):
        here = slice(low, low + rows)
        part = codes[here]
        # (rows, N), without the row's own square, which changes no order
        row = torch.addmm(squares[None], part, codes.T, alpha=-2, out=buffer[: len(part)])
        row[torch.arange(len(part)), torch.arange(low, low + len(part))] = torch.inf
        near = row.topk(wanted, largest=False, sorted=False).indices
        columns[here] = near
        distances[here] = (codes[near] - part[:, None]).square_().sum(2)  # without cancellation
    return columns, distances


def _weights(squares: Tensor, perplexity: float) -> Tensor:
    """Each row's weights exp(−β·d²) of squared distances float64 (N, k), with a sum of 1; β by bisection, so that the
    weights have the perplexity, as far as equal distances allow it."""
    squares = squares - squares.amin(1, keepdim=True)
    mean = squares.mean(1, keepdim=True)
    squares = squares / torch.where(mean > 0, mean, 1)
    low, high = torch.full_like(mean, -15), torch.full_like(mean, 50)  # of ln β
    weights, total = torch.empty_like(squares), torch.ones_like(mean)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        scaled = squares * middle.exp()
        torch.exp(-scaled, out=weights)
        total = weights.sum(1, keepdim=True)
        entropy = total.log() + (weights * scaled).sum(1, keepdim=True) / total
        wide = entropy > np.log(perplexity)
        low, high = torch.where(wide, middle, low), torch.where(wide, high, middle)
    return weights / total
