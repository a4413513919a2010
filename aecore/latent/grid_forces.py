"""The forces of t-SNE on its points, the repulsion by a grid: time and memory grow with the number of points.

Repulsion is the slope of a potential, as ½·∇ 1 / (1 + r²) = −r⃗ / (1 + r²)², and its sum over all pairs is the
normalisation. So one convolution gives both: the points are spread over the nodes of a grid by cubic B-splines, the
sum over all nodes is a product of Fourier transforms, and the same splines, with their slopes, read the potential at
the points: the smooth particle mesh of Essmann et al. (1995) with the kernel that t-SNE has. Where the points extend so
far that the nodes are not dense beside the kernel's width of 1, the grid has a smoother kernel, which is the same
beyond a reach of some nodes, and what it lacks below is summed over the pairs that are nearer, as in molecular dynamics
(Hardy et al. 2009); where a few points lie very far from all others, these are most pairs, and that takes long. In
drawings the repulsion is right to 0.6 %, mostly to 0.1 %: the error of all points by the root of its squares. Where
pushes from all sides cancel, as within groups of points that nearly coincide, the error is a larger share of the little
that is left. Attraction is exact.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import product

import torch
from torch import Tensor

from aecore.latent.affinities import Affinities
from aecore.latent.near_pairs import NearPairs
from aecore.latent.pair_sums import squared_distances, weighted_differences
from aecore.latent.pool import Pool, shared

LEAST_NODES = 32
"""Along the longest side, as the kernel's slope must be met too where all points lie within a fraction of its width."""
NODES_PER_POINT = {2: 12, 3: 32}
"""At most, by dimensions: transforms and sums over pairs then take about as long."""
FINE = 0.25
"""Nodes that are no farther apart than this do for the kernel itself."""
REACH = 4.0
"""Where they are, the distance in nodes from which the smooth kernel is the true one."""
SMOOTH = 3
"""How many derivatives of the smooth kernel (by r²) do not jump there."""
ORDER = 4
"""Nodes along a side on which a cubic spline is not zero."""
ROWS = 1024
"""Points that are worked on at a time: their neighbours' distances stay in a core's cache."""
IN_CACHE = 2**16
"""Complex numbers that are transformed at a time."""


class GridForces:
    """Attraction and repulsion of N points with `dims` coordinates, on a CPU."""

    def __init__(self, affinities: Affinities, dims: int, pool: Pool | None = None) -> None:
        """Work is distributed over the threads of `pool`, if there is one."""
        self.pool, self.dims, self.grid = pool, dims, Grid(dims, pool)
        self.starts, self.values = affinities.starts, affinities.values
        # 32 bits are half the memory to read, eight million times an iteration.
        self.columns = affinities.columns.int()
        self.rows = torch.repeat_interleave(self.starts.diff()).int()
        count = len(self.starts) - 1
        self.table = torch.ones((count, dims + 1))
        self.parts = [slice(low, min(low + ROWS, count)) for low in range(0, count, ROWS)]

    def gradient(self, points: Tensor, exaggeration: float = 1) -> Tensor:
        """A quarter of the gradient of the Kullback–Leibler divergence at `points` (N, dims), with P exaggerated."""
        self.table[:, : self.dims] = points
        axes = points.T.contiguous()
        push, total = self.grid.repulsion(points)
        gradient = torch.cat(shared(self.pool, lambda part: self._attraction(axes, part), self.parts))
        return gradient.mul_(exaggeration).sub_(push.div_(total))

    def _attraction(self, axes: Tensor, part: slice) -> Tensor:
        """Σ p·q·(yi − yj) of these points i over their neighbours j, with q = 1 / (1 + |yi − yj|²)."""
        low, high = int(self.starts[part.start]), int(self.starts[part.stop])
        columns, rows = self.columns[low:high], self.rows[low:high]
        apart = squared_distances(axes, rows, columns).add_(1)
        starts = (self.starts[part.start : part.stop + 1] - low).int()
        weights = torch.div(self.values[low:high], apart, out=apart)
        return weighted_differences(self.table, part, columns, starts, weights)


class Grid:
    """Sums 1 / (1 + r²) and its slope over all pairs of points. Keeps its nodes while they suit the points."""

    def __init__(self, dims: int, pool: Pool | None = None) -> None:
        self.dims, self.pool = dims, pool
        self.spacing, self.sizes = 0.0, (0,) * dims
        self.reach = 0.0
        """The distance from which the grid's kernel is the true one."""
        self.least = 0.0
        """What is taken off the kernel everywhere."""
        self.kernel = torch.empty(0)

    def repulsion(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Σⱼ q²·(yi − yj) of every point i of float32 (N, dims), and Σ q over all pairs of different points, a float64
        scalar, with q = 1 / (1 + |yi − yj|²)."""
        corner = points.amin(0)
        self._fit((points.amax(0) - corner).tolist(), NODES_PER_POINT[self.dims] * len(points))
        place = (points - corner).div_(self.spacing)
        parts = [slice(low, low + ROWS) for low in range(0, len(points), ROWS)]
        spreads = shared(self.pool, lambda part: _Spread(place[part], self.sizes), parts)
        density = torch.zeros(math.prod(self.sizes))
        for spread in spreads:  # one after another, so that the result does not depend on the threads
            density.index_add_(0, spread.nodes.view(-1), spread.shares().view(-1))
        potential = self._convolved(density.view(self.sizes)).view(-1)
        read = torch.cat(shared(self.pool, lambda spread: spread.read(potential), spreads))
        count = len(points)
        smooth_self = 1 - (self.reach**2 / (1 + self.reach**2)) ** (SMOOTH + 1)
        total = read[:, 0].double().sum() + (self.least * count - smooth_self) * count
        push = read[:, 1:].mul_(-0.5 / self.spacing)
        if self.reach:
            near, sums = NearPairs(points, self.reach, self.pool).repulsion(SMOOTH)
            push, total = push.add_(near), total + sums
        return push, total

    def _fit(self, spans: list[float], most: int) -> None:
        """Choose at most so many nodes for points that extend so far along each axis."""
        longest = max(*spans, 1e-30)
        # In steps, so that the kernel is not a new one at every iteration while the points spread.
        spacing = min(FINE, 2.0 ** (math.floor(2 * math.log2(longest / LEAST_NODES)) / 2))
        while math.prod(span / spacing + ORDER for span in spans) > most:
            spacing *= 1.06
        needed = [span / spacing + ORDER for span in spans]
        # Seven nodes become eight: three quarters is the least share that new sizes are sure to have.
        fits = all(0.75 * size <= need <= size for need, size in zip(needed, self.sizes, strict=True))
        if spacing == self.spacing and fits:
            return
        self.spacing, self.sizes = spacing, tuple(_smooth(math.ceil(need)) for need in needed)
        self.reach = REACH * spacing if spacing > FINE else 0.0
        self._make_kernel()

    def _make_kernel(self) -> None:
        """The Fourier transform of 1 / (1 + r²) − `least` between nodes, on a grid of twice the size, so that what
        leaves it on one side does not come in on the other; divided by what the splines blur, in spreading and again in
        reading.

        Where all points lie close together, 1 / (1 + r²) is nearly 1 throughout and its slope would drown in rounding.
        """
        far = (self.spacing * max(self.sizes) / 2) ** 2
        self.least = 1 / (1 + far)
        squares, blur = torch.zeros(()), torch.ones(())
        for axis, size in enumerate(self.sizes):
            shape = [-1 if axis == other else 1 for other in range(self.dims)]
            squares = squares + (torch.fft.fftfreq(2 * size, 1 / (2 * size)) * self.spacing).square().view(shape)
            waves = torch.fft.rfftfreq if axis == self.dims - 1 else torch.fft.fftfreq
            blur = blur * ((2 + (2 * math.pi * waves(2 * size)).cos()) / 3).square().view(shape)
        values = (far - squares).div_((1 + far) * (1 + squares))
        if self.reach:
            # Within its reach 1 / (1 + r²) is a geometric series in w = (R² − r²) / (1 + R²), cut off.
            within = (self.reach**2 - squares).div_(1 + self.reach**2).clamp_(min=0)
            values -= within.pow_(SMOOTH + 1).div_(1 + squares)
        self.kernel = torch.fft.rfftn(values).real.div_(blur)

    def _convolved(self, density: Tensor) -> Tensor:
        """The sum of the kernel over all nodes, at each node, of the shape of `density`.

        Transforms skip the rows that are empty, and share the rest in parts that stay in a cache.
        """
        sizes, middle = self.sizes, self.dims == 3
        waves = torch.empty((sizes[0], *(2 * size for size in sizes[1:-1]), sizes[-1] + 1), dtype=torch.complex64)
        result = torch.empty(sizes)

        def forth(rows: slice) -> None:
            lines = torch.fft.rfft(density[rows], n=2 * sizes[-1])
            waves[rows] = torch.fft.fft(lines, n=2 * sizes[1], dim=1) if middle else lines

        def across(part: tuple[slice, ...]) -> None:
            there = torch.fft.fft(waves[part], n=2 * sizes[0], dim=0)
            waves[part] = torch.fft.ifft(there.mul_(self.kernel[part]), dim=0)[: sizes[0]]

        def back(rows: slice) -> None:
            lines = torch.fft.ifft(waves[rows], dim=1)[:, : sizes[1]] if middle else waves[rows]
            result[rows] = torch.fft.irfft(lines, n=2 * sizes[-1])[..., : sizes[-1]]

        rows = _parts(sizes[0], waves[0].numel())
        shared(self.pool, forth, rows)
        columns = _parts(waves.shape[1], 2 * sizes[0] * (waves[0, 0].numel() if middle else 1))
        shared(self.pool, across, [(slice(None), part) for part in columns])
        shared(self.pool, back, rows)
        return result


class _Spread:
    """Some points on the grid: the nodes about each of them, and each axis's weights of these and their slopes."""

    def __init__(self, place: Tensor, sizes: tuple[int, ...]) -> None:
        """`place` is (R, dims) in units of the spacing, from the points' corner."""
        low = place.floor()
        t = place - low
        one = 1 - t
        squared, other = t.square(), one.square()
        values = [one * other, 4 + squared * (3 * t - 6), 4 + other * (3 * one - 6), t * squared]
        slopes = [-other, squared * 3 - 4 * t, 4 * one - other * 3, squared]
        self.weights = torch.stack([torch.stack(values, 2).div_(6), torch.stack(slopes, 2).div_(2)], 2)
        """(R, dims, 2, 4): values, slopes."""
        strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
        around = [
            sum(a * b for a, b in zip(at, strides, strict=True)) for at in product(range(ORDER), repeat=len(sizes))
        ]
        first = low.long() @ torch.tensor(strides)
        self.nodes = first[:, None] + torch.tensor(around)
        """(R, 4^dims)."""

    def shares(self) -> Tensor:
        """How much of a point each of its nodes gets, (R, 4^dims)."""
        first, *more = self.weights[:, :, 0].unbind(1)
        for weights in more:
            first = (first[:, :, None] * weights[:, None]).flatten(1)
        return first

    def read(self, potential: Tensor) -> Tensor:
        """The potential, float32 (nodes,), at the points, and its slope along each axis; (R, 1 + dims)."""
        rows, dims = self.weights.shape[:2]
        left = potential[self.nodes]
        for axis in range(dims):  # an axis of four nodes becomes one of value and slope, and goes to the end
            across = torch.bmm(self.weights[:, axis], left.view(rows, ORDER, -1))
            left = across.transpose(1, 2).reshape(rows, -1)
        return left[:, [0, *(1 << axis for axis in reversed(range(dims)))]]


def _parts(count: int, length: int) -> list[slice]:
    """Slices of so many rows of this many numbers as stay in a core's cache."""
    rows = max(IN_CACHE // length, 1)
    return [slice(low, min(low + rows, count)) for low in range(0, count, rows)]


@cache
def _smooth(least: int) -> int:
    """The smallest number from `least` on without prime factors above 5, of which Fourier transforms are fast."""
    while not _is_smooth(least):
        least += 1
    return least


def _is_smooth(number: int) -> bool:
    for factor in (2, 3, 5):
        while number % factor == 0:
            number //= factor
    return number == 1
