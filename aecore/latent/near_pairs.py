"""What the pairs of points that lie near one another add to the repulsion of t-SNE, found by a lattice of cells."""

from __future__ import annotations

import math
from itertools import product

import torch
from torch import Tensor

from aecore.latent.pair_sums import squared_distances, weighted_differences
from aecore.latent.pool import Pool, shared

CANDIDATES = 2**17
"""Pairs that are looked at at a time: they stay in a core's cache."""


class NearPairs:
    """The pairs of points float32 (N, dims) that are nearer to each other than `reach`."""

    def __init__(self, points: Tensor, reach: float, pool: Pool | None = None) -> None:
        """Work is distributed over the threads of `pool`, if there is one."""
        self.reach, self.pool, self.dims = reach, pool, points.shape[1]
        # One cell is as long as the reach. A margin of empty ones, so that no row goes on in the next.
        cells = ((points - points.amin(0)) / reach).long() + 1
        sizes = (cells.amax(0) + 2).tolist()
        cell = cells[:, 0]
        for axis in range(1, self.dims):
            cell = cell * sizes[axis] + cells[:, axis]
        cell, self.order = cell.sort()
        points = points[self.order]
        self.axes = points.T.contiguous()
        self.table = torch.cat([points, torch.ones(len(points), 1)], 1)
        ends = torch.searchsorted(cell, torch.arange(math.prod(sizes) + 1), out_int32=True)
        firsts, counts = [], []
        for steps in product((-1, 0, 1), repeat=self.dims - 1):  # three cells along the last axis are one piece
            offset = 0
            for axis, step in enumerate(steps, 1):
                offset = (offset + step) * sizes[axis]
            first, last = ends[cell + (offset - 1)], ends[cell + (offset + 2)]
            firsts.append(first)
            counts.append(last - first)
        self.firsts, self.counts = torch.stack(firsts, 1), torch.stack(counts, 1)
        """int32 (N, 3^(dims − 1)): where in the list the pieces begin that lie about each point, and their lengths."""

    def repulsion(self, smooth: int) -> tuple[Tensor, Tensor]:
        """What a kernel lacks that is cut off after w^`smooth` of the series of 1 / (1 + r²) in w = (R² − r²) / (1 +
        R²): of each point minus half of the slope, (N, dims), and the sum over all pairs, a float64 scalar."""
        found = shared(self.pool, lambda part: self._of(part, smooth), self._parts())
        push = torch.empty(len(self.order), self.dims)
        push[self.order] = torch.cat([one for one, _ in found])
        return push, torch.stack([sums for _, sums in found]).sum()

    def _parts(self) -> list[slice]:
        """Slices of the list of points of about `CANDIDATES` pairs each."""
        until = self.counts.sum(1).cumsum(0)
        cuts = torch.searchsorted(until, CANDIDATES * torch.arange(1, max(int(until[-1]) // CANDIDATES, 1))).add_(1)
        bounds = cuts.unique().tolist()
        return [slice(low, high) for low, high in zip([0, *bounds], [*bounds, len(until)], strict=True) if high > low]

    def _of(self, part: slice, smooth: int) -> tuple[Tensor, Tensor]:
        counts, firsts = self.counts[part].flatten(), self.firsts[part].flatten()
        ends = counts.cumsum(0, dtype=torch.int32)
        others = torch.arange(int(ends[-1]), dtype=torch.int32)
        others += (firsts - ends + counts).repeat_interleave(counts)
        per_point = self.counts[part].sum(1)
        own = torch.arange(part.start, part.stop, dtype=torch.int32).repeat_interleave(per_point)
        squares = squared_distances(self.axes, own, others)
        scale = 1 / (1 + self.reach**2)
        near = squares.neg().add_(self.reach**2).mul_(scale).clamp_(min=0)
        near[others == own] = 0
        q = squares.add_(1).reciprocal_()
        lacking = near.pow(smooth).mul_(q)
        steep = lacking * (smooth + 1) * scale
        lacking.mul_(near)
        starts = torch.cat([torch.zeros(1, dtype=torch.int32), per_point.cumsum(0, dtype=torch.int32)])
        push = weighted_differences(self.table, part, others, starts, steep.addcmul_(lacking, q))
        return push, lacking.sum(dtype=torch.float64)
