"""t-SNE by its definition, over all pairs in double precision."""

from __future__ import annotations

import torch

from aecore.latent.affinities import Affinities


def matrix(found: Affinities) -> torch.Tensor:
    """P as a full matrix, float64 (N, N)."""
    count = len(found.starts) - 1
    full = torch.zeros((count, count), dtype=torch.float64)
    full[torch.arange(count).repeat_interleave(found.starts.diff()), found.columns] = found.values.double()
    return full


def student(points: torch.Tensor) -> torch.Tensor:
    """1 / (1 + |yi − yj|²) of every pair, none with itself, float64 (N, N)."""
    points = points.double()
    close = 1 / (1 + (points[:, None] - points[None]).square().sum(2))
    return close.fill_diagonal_(0)


def wanted_gradient(found: Affinities, points: torch.Tensor, exaggeration: float) -> torch.Tensor:
    """A quarter of the gradient of the Kullback–Leibler divergence, float64 (N, dims)."""
    close, exact = student(points), points.double()
    pair = (exaggeration * matrix(found) - close / close.sum()) * close
    return pair.sum(1, keepdim=True) * exact - pair @ exact
