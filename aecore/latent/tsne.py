"""Exact t-SNE (van der Maaten and Hinton 2008), on a CPU or an NVIDIA GPU.

The affinities are those of the nearest 3·perplexity neighbours, as in other implementations. The repulsion, which
others approximate with a tree or a grid, is computed exactly: for a block of rows at a time, so few that their part of
the N×N matrix stays in a core's cache, as two matrix products. In three dimensions this is faster than a tree at five
and ten thousand points; in two dimensions a tree is as fast at five thousand and faster beyond
(`python -m benchmarks.projections`), as the time grows with the square of the number of points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from aecore.latent.principal_axes import principal_axes

EXAGGERATION = 12.0
"""Factor on the attraction of neighbours in the early iterations, in which groups form."""
EXAGGERATED = 250
"""The number of those iterations; a quarter of all where there are less than a thousand."""
EXAGGERATION_AGAIN, EXAGGERATED_AGAIN = 4.0, 0.3
"""Where the points of other codes are the start: the factor, and the share of the iterations. Without it the points
stay tangled up in the old layout, with a larger one they lose it."""
EARLY_MOMENTUM, MOMENTUM = 0.5, 0.8
LONGEST_STEP = 5.0
INITIAL_STD = 1e-4
"""Standard deviation of the first axis at the start."""
CPU_BLOCK = 160_000
"""Pairs in one block: 640 kB of float32, which fits a core's second-level cache."""
GPU_BLOCK = 2**24
FAR = 1e5
"""Beyond this squared distance from the centre |a|² − 2ab + |b|² loses too many digits for near points, and the slower
Σ (a − b)² is used."""
BISECTIONS = 60
REPORT_EVERY = 10
"""Iterations between two reports."""

OnProgress = Callable[[int, Callable[[], np.ndarray]], object]
"""Called as `on_progress(done, points)` with the iterations done and a function that returns the coordinates."""


@dataclass(frozen=True)
class Affinities:
    """The symmetric matrix P of N points, row by row: of row i the entries `starts[i]` to `starts[i + 1]`."""

    starts: Tensor
    """int64 (N + 1,)."""
    columns: Tensor
    """int64 (E,), ascending within a row."""
    values: Tensor
    """float32 (E,); all sum to 1."""


def embed(
    codes: np.ndarray,
    dims: int,
    *,
    perplexity: float = 30,
    iterations: int = 1000,
    seed: int = 0,
    device: str = "cpu",
    start: np.ndarray | None = None,
    on_progress: OnProgress = lambda done, points: None,
) -> np.ndarray:
    """Points float32 (N, dims) of codes, finite, (N, n), not all equal; N at least 3·perplexity + 1, n at least `dims`.

    Starts from the first principal components with a little noise from `seed`: one seed gives one result on a machine.
    Or from `start`, the points (N, dims) of similar codes, with a shorter and weaker exaggeration.
    Computed on `device` (torch's name) if that is an available NVIDIA GPU, else on the CPU.
    """
    torch_device = torch.device(device if device.startswith("cuda") and torch.cuda.is_available() else "cpu")
    wide = np.asarray(codes, np.float64)
    wide = wide - wide.mean(0)
    wide /= np.abs(wide).max()  # t-SNE does not depend on the scale, and squares of large numbers overflow
    points = (_start(wide, dims, seed) if start is None else torch.tensor(start, dtype=torch.float32)).to(torch_device)
    early = min(EXAGGERATED, iterations // 4) if start is None else round(EXAGGERATED_AGAIN * iterations)
    early_exaggeration = EXAGGERATION if start is None else EXAGGERATION_AGAIN
    pulls = affinities(torch.from_numpy(wide).float().to(torch_device), perplexity)
    with _threads(torch_device) as pool:
        forces = Forces(pulls, dims, pool)
        for phase, count in ((0, early), (early, iterations - early)):
            exaggeration, momentum = (1.0, MOMENTUM) if phase else (early_exaggeration, EARLY_MOMENTUM)
            steps = _descend(points, forces, exaggeration, momentum)
            for done in range(phase + 1, phase + count + 1):
                next(steps)
                if done % REPORT_EVERY == 0 or done == iterations:
                    on_progress(done, lambda: points.cpu().numpy().copy())
    return points.cpu().numpy()


class Pool(ThreadPoolExecutor):
    """A pool of threads in each of which torch uses one thread."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, initializer=torch.set_num_threads, initargs=(1,))
        self.threads = threads


@contextmanager
def _threads(device: torch.device) -> Iterator[Pool | None]:
    """A pool of as many threads as torch uses on the CPU; None where it uses one, and on a GPU.

    torch's own threads would synchronise after every operation, five times a block.
    """
    count = torch.get_num_threads()
    if device.type != "cpu" or count == 1:
        yield None
        return
    torch.set_num_threads(1)
    try:
        with Pool(count) as pool:
            yield pool
    finally:
        torch.set_num_threads(count)


def _start(codes: np.ndarray, dims: int, seed: int) -> Tensor:
    """The first principal components of codes around zero, float32 (N, dims), small."""
    points = codes @ principal_axes(codes, dims)
    points *= INITIAL_STD / points[:, 0].std()
    # Without noise equal codes would stay together, and an axis without variance would stay flat.
    points += np.random.default_rng(seed).normal(0, INITIAL_STD / 100, points.shape)
    return torch.from_numpy(points).float()


def _descend(points: Tensor, forces: Forces, exaggeration: float, momentum: float) -> Iterator[None]:
    """Gradient descent with momentum and a gain for each coordinate, a step each time; changes `points` in place."""
    rate = len(points) / exaggeration
    step, gains = torch.zeros_like(points), torch.ones_like(points)
    while True:
        gradient = forces.gradient(points, exaggeration)
        turned = (gradient < 0) == (step < 0)  # the last step went too far
        gains = torch.where(turned, gains * 0.8, gains + 0.2).clamp_(min=0.01)
        step.mul_(momentum).sub_(gradient.mul_(gains), alpha=rate)
        length = step.norm(dim=1, keepdim=True)
        step.mul_(LONGEST_STEP / length.clamp_(min=LONGEST_STEP))
        points.add_(step)
        points.sub_(points.mean(0))
        yield


class Forces:
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


def affinities(codes: Tensor, perplexity: float) -> Affinities:
    """P of codes float32 (N, n): each point's weights have the perplexity; then symmetrised, with a sum of 1."""
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
    squares = codes.square().sum(1)
    columns, distances = [], []
    rows = max((8 * CPU_BLOCK if codes.device.type == "cpu" else GPU_BLOCK) // len(codes), 1)
    for low in range(0, len(codes), rows):
        part = codes[low : low + rows]
        row = torch.addmm(
            squares[None], part, codes.T, alpha=-2
        )  # (rows, N), without the row's own square, which changes no order
        row[torch.arange(len(part)), torch.arange(low, low + len(part))] = torch.inf
        columns.append(row.topk(wanted, largest=False, sorted=False).indices)
    for part, near in zip(codes.split(rows), columns, strict=True):
        distances.append((codes[near].double() - part[:, None].double()).square_().sum(2))  # without cancellation
    return torch.cat(columns), torch.cat(distances)


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
