"""t-SNE (van der Maaten and Hinton 2008) with every pair of points counted, on a CPU or an NVIDIA GPU.

The affinities are those of the nearest 3·perplexity neighbours, as in other implementations. The repulsion, which
others approximate with a tree or a grid, is computed exactly: for some rows at a time, so few that their part of the
N×N matrix stays in a core's cache, as two products of matrices. In three dimensions that is the faster way at five and
ten thousand points, in two a tree is as fast at five thousand and faster from there (`python -m benchmarks.tsne`): the
time grows with the square of their number.
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

EXAGGERATION = 12.0
"""By so much are neighbours pulled harder at first, so that groups find together."""
EXAGGERATED = 250
"""Of a thousand iterations so many; a quarter where there are fewer."""
EARLY_MOMENTUM, MOMENTUM = 0.5, 0.8
LONGEST_STEP = 5.0
FIRST_SPREAD = 1e-4
"""Standard deviation of the first axis at the start."""
CACHED = 160_000
"""So many pairs a core looks at in one go: 640 kB of float32, which its second-level cache holds."""
ON_GPU = 2**24
FAR = 1e5
"""From this squared distance from the middle on |a|² − 2ab + |b|² has too few digits left for near points, and the
slower Σ (a − b)² is taken."""
BISECTIONS = 60
EVERY = 10
"""Told after so many iterations."""

Told = Callable[[int, Callable[[], np.ndarray]], object]
"""Told how many iterations are done, and how to get the coordinates."""


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
    told: Told = lambda done, points: None,
) -> np.ndarray:
    """Points float32 (N, dims) of codes, finite, (N, n), not all equal; N at least 3·perplexity + 1, n at least `dims`.

    Starts from the first principal components, moved a little by chance from `seed`: one seed gives one result on one
    machine. Computed on `device`, torch's name of one, if that is an NVIDIA GPU that is there, else on the CPU.
    """
    where = torch.device(device if device.startswith("cuda") and torch.cuda.is_available() else "cpu")
    wide = np.asarray(codes, np.float64)
    wide = wide - wide.mean(0)
    wide /= np.abs(wide).max()  # t-SNE knows no scale, and squares of large numbers overflow
    points = _start(wide, dims, seed).to(where)
    early = min(EXAGGERATED, iterations // 4)
    pulls = affinities(torch.from_numpy(wide).float().to(where), perplexity)
    with _threads(where) as pool:
        forces = Forces(pulls, dims, pool)
        for phase, count in ((0, early), (early, iterations - early)):
            exaggeration, momentum = (1.0, MOMENTUM) if phase else (EXAGGERATION, EARLY_MOMENTUM)
            steps = _descend(points, forces, exaggeration, momentum)
            for done in range(phase + 1, phase + count + 1):
                next(steps)
                if done % EVERY == 0 or done == iterations:
                    told(done, lambda: points.cpu().numpy().copy())
    return points.cpu().numpy()


class Pool(ThreadPoolExecutor):
    """So many threads, in each of which torch works alone."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, initializer=torch.set_num_threads, initargs=(1,))
        self.threads = threads


@contextmanager
def _threads(device: torch.device) -> Iterator[Pool | None]:
    """A pool of as many threads as torch uses on the CPU.

    torch's own threads would wait for each other after every operation, five times a block.
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
    values, axes = np.linalg.eigh(codes.T @ codes)
    axes = axes[:, np.argsort(values)[::-1][:dims]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(dims)])  # which of two directions is no chance
    points = codes @ axes
    points *= FIRST_SPREAD / points[:, 0].std()
    # Equal codes would stay together for ever, and an axis without variance flat.
    points += np.random.default_rng(seed).normal(0, FIRST_SPREAD / 100, points.shape)
    return torch.from_numpy(points).float()


def _descend(points: Tensor, forces: Forces, exaggeration: float, momentum: float) -> Iterator[None]:
    """Gradient descent with momentum and a gain for each coordinate, a step each time; moves `points` itself."""
    rate = len(points) / exaggeration
    step, gains = torch.zeros_like(points), torch.ones_like(points)
    while True:
        gradient = forces.gradient(points, exaggeration)
        turned = (gradient < 0) == (step < 0)  # against the step's sign: it went too far
        gains = torch.where(turned, gains * 0.8, gains + 0.2).clamp_(min=0.01)
        step.mul_(momentum).sub_(gradient.mul_(gains), alpha=rate)
        length = step.norm(dim=1, keepdim=True)
        step.mul_(LONGEST_STEP / length.clamp_(min=LONGEST_STEP))
        points.add_(step)
        points.sub_(points.mean(0))
        yield


class Forces:
    """What pulls and pushes N points of `dims` coordinates, with room for all that is made on the way."""

    def __init__(self, affinities: Affinities, dims: int, pool: Pool | None = None) -> None:
        """Work is shared among `pool`'s threads, if there is one."""
        self.affinities, self.pool = affinities, pool
        starts = affinities.starts
        count, device = len(starts) - 1, starts.device
        rows = max((CACHED if device.type == "cpu" else ON_GPU) // count // 8 * 8, 8)
        blocks = [_Block(i, lo, min(lo + rows, count), affinities) for i, lo in enumerate(range(0, count, rows))]
        share = -(-len(blocks) // (pool.threads if pool else 1))
        self.shares = [blocks[i : i + share] for i in range(0, len(blocks), share)]
        self.rooms = [torch.empty(rows * count, device=device) for _ in self.shares]
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
        work = [(blocks, room, far) for blocks, room in zip(self.shares, self.rooms, strict=True)]
        list((self.pool.map if self.pool else map)(self._add_up, work))
        total = self.totals.sum()
        pull = points * self.pull[:, dims:] - self.pull[:, :dims]
        push = points * self.push[dims:].T - self.push[:dims].T
        return pull.mul_(exaggeration).sub_(push.div_(total))

    def _add_up(self, work: tuple[list[_Block], Tensor, bool]) -> None:
        """For some blocks of points i, with q = 1 / (1 + |yi - yj|²), Σ p·q·(yj, 1) and Σ q²·(yj, 1) over all j."""
        blocks, room, far = work
        for block in blocks:
            here = slice(block.low, block.high)
            q = room[: len(self.left) * (block.high - block.low)].view(len(self.left), -1)  # (N, rows)
            if far:
                q.fill_(1)
                for axis in self.right[:-2]:
                    apart = axis[:, None] - axis[here]
                    q.addcmul_(apart, apart)
            else:
                torch.mm(self.left, self.right[:, here], out=q)
            q.reciprocal_()
            q[here].fill_diagonal_(0)  # a point does not push itself
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
    """Some points' part of the matrix: from `low` to `high`, their entries of P, and where those lie in (N, rows)."""

    def __init__(self, number: int, low: int, high: int, affinities: Affinities) -> None:
        self.number, self.low, self.high = number, low, high
        starts = affinities.starts
        self.edges = slice(int(starts[low]), int(starts[high]))
        rows = torch.repeat_interleave(starts[low : high + 1].diff())
        self.cells = affinities.columns[self.edges] * (high - low) + rows


def affinities(codes: Tensor, perplexity: float) -> Affinities:
    """P of codes float32 (N, n): each point's weights have the perplexity; then made symmetric, and 1 in sum."""
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
    """Numbers of each point's nearest, int64 (N, k), and their squared distances, float64 (N, k)."""
    squares = codes.square().sum(1)
    columns, distances = [], []
    rows = max((8 * CACHED if codes.device.type == "cpu" else ON_GPU) // len(codes), 1)
    for low in range(0, len(codes), rows):
        part = codes[low : low + rows]
        row = torch.addmm(squares[None], part, codes.T, alpha=-2)  # (rows, N); the row's own square changes no order
        row[torch.arange(len(part)), torch.arange(low, low + len(part))] = torch.inf
        columns.append(row.topk(wanted, largest=False, sorted=False).indices)
    for part, near in zip(codes.split(rows), columns, strict=True):
        distances.append((codes[near].double() - part[:, None].double()).square_().sum(2))  # not by cancellation
    return torch.cat(columns), torch.cat(distances)


def _weights(squares: Tensor, perplexity: float) -> Tensor:
    """Each row's weights exp(−β·d²), 1 in sum, of squared distances float64 (N, k), β found so that the weights have
    the perplexity, as far as equal distances let them."""
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
