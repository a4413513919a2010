"""The forces of t-SNE on its points, computed exactly, on a CPU or an NVIDIA GPU.

The repulsion is summed over all pairs: for a block of rows at a time, so few that their part of the N×N matrix stays in
a core's cache, as two matrix products. The time grows with the square of the number of points.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from aecore.latent.affinities import Affinities
from aecore.latent.pool import Pool

CPU_BLOCK = 160_000
"""Pairs in one block: 640 kB of float32, which fits a core's second-level cache."""
GPU_BLOCK = 2**24
FAR = 1e5
"""Beyond this squared distance from the centre |a|² − 2ab + |b|² loses too many digits for near points, and the slower
Σ (a − b)² is used."""


class ExactForces:
    """Attraction and repulsion of N points with `dims` coordinates, with buffers for all intermediate results."""

    def __init__(self, affinities: Affinities, dims: int, pool: Pool | None = None) -> None:
        """Work is distributed over the threads of `pool`, if there is one."""
        self.affinities, self.pool = affinities, pool
        starts = affinities.starts
        count, device = len(starts) - 1, starts.device
        rows = max((CPU_BLOCK if device.type == "cpu" else GPU_BLOCK) // count // 8 * 8, 8)
        blocks = [_Block(i, lo, min(lo + rows, count), affinities) for i, lo in enumerate(range(0, count, rows))]
        share = -(-len(blocks) // (pool.threads if pool else 1))
        self.shares = [blocks[i : i + share] for i in range(0, len(blocks), share)]
        self.buffers = [torch.empty(rows * count, device=device) for _ in self.shares]
        # 1 + |a - b|² = (-2a, |a|² + 1, 1) · (b, 1, |b|²)
        self.left = torch.ones((count, dims + 2), device=device)
        self.right = torch.ones((dims + 2, count), device=device)
        self.table = torch.ones((count, dims + 1), device=device)
        self.totals = torch.empty(len(blocks), device=device)
        self.near = torch.empty_like(affinities.values)
        self.pull, self.push = torch.empty_like(self.table), torch.empty_like(self.right[:-1])

    def gradient(self, points: Tensor, exaggeration: float = 1) -> Tensor:
        """A quarter of the gradient of the Kullback–Leibler divergence at `points` (N, dims), with P exaggerated."""
        dims = points.shape[1]
        squares = points.square().sum(1)
        torch.mul(points, -2, out=self.left[:, :dims])
        torch.add(squares, 1, out=self.left[:, dims])
        self.right[:dims], self.right[dims + 1] = points.T, squares
        self.table[:, :dims] = points
        far = bool(squares.max() > FAR)
        work = [(blocks, buffer, far) for blocks, buffer in zip(self.shares, self.buffers, strict=True)]
        list((self.pool.map if self.pool else map)(self._sum_blocks, work))
        total = self.totals.sum()
        pull = points * self.pull[:, dims:] - self.pull[:, :dims]
        push = points * self.push[dims:].T - self.push[:dims].T
        return pull.mul_(exaggeration).sub_(push.div_(total))

    def _sum_blocks(self, work: tuple[list[_Block], Tensor, bool]) -> None:
        """For some blocks of points i, with q = 1 / (1 + |yi - yj|²), Σ p·q·(yj, 1) and Σ q²·(yj, 1) over all j."""
        blocks, buffer, far = work
        for block in blocks:
            here = slice(block.low, block.high)
            q = buffer[: len(self.left) * (block.high - block.low)].view(len(self.left), -1)  # (N, rows)
            if far:
                q.fill_(1)
                for axis in self.right[:-2]:
                    apart = axis[:, None] - axis[here]
                    q.addcmul_(apart, apart)
            else:
                torch.mm(self.left, self.right[:, here], out=q)
            q.reciprocal_()
            q[here].fill_diagonal_(0)  # a point does not repel itself
            torch.sum(q, (0, 1), out=self.totals[block.number])
            torch.index_select(q.view(-1), 0, block.cells, out=self.near[block.edges])
            q.square_()
            torch.mm(self.right[:-1], q, out=self.push[:, here])
        low, high = blocks[0].low, blocks[-1].high
        edges = slice(blocks[0].edges.start, blocks[-1].edges.stop)
        starts = self.affinities.starts[low : high + 1]
        self.pull[low:high] = F.embedding_bag(
            self.affinities.columns[edges],
            self.table,
            starts - starts[0],
            mode="sum",
            per_sample_weights=self.near[edges].mul_(self.affinities.values[edges]),
            include_last_offset=True,
        )


class _Block:
    """The rows `low` to `high` of the matrix: their entries of P, and the positions of those in (N, rows)."""

    def __init__(self, number: int, low: int, high: int, affinities: Affinities) -> None:
        self.number, self.low, self.high = number, low, high
        starts = affinities.starts
        self.edges = slice(int(starts[low]), int(starts[high]))
        rows = torch.repeat_interleave(starts[low : high + 1].diff())
        self.cells = affinities.columns[self.edges] * (high - low) + rows
