"""Sums over listed pairs of points, of which every array stays in a core's cache."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def squared_distances(axes: Tensor, own: Tensor, others: Tensor) -> Tensor:
    """|yi − yj|² of the pairs with these numbers i and j, int32 (E,); `axes` are the points' coordinates, (dims, N)."""
    found = torch.zeros(len(others))
    for axis in axes:
        step = axis.index_select(0, others).sub_(axis.index_select(0, own))
        found.addcmul_(step, step)
    return found


def weighted_differences(table: Tensor, part: slice, others: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """Σⱼ w·(yi − yj), (R, dims), of these points i over their `others` j, int32 (E,), of which each point's begin at
    `starts`, int32 (R + 1,), with float32 weights (E,); a row of `table` is a point and 1."""
    options = {"mode": "sum", "per_sample_weights": weights, "include_last_offset": True}
    pulled = F.embedding_bag(others, table, starts, **options)
    return table[part, :-1] * pulled[:, -1:] - pulled[:, :-1]
