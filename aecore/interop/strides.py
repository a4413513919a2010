"""Finding strides and paddings of convolutions with given kernels, so that the sizes of their maps match."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Options = list[tuple[int, int]]
"""Strides and paddings."""


def usual_options(kernel: int) -> Options:
    """Strides and paddings to try for a kernel, the most common first."""
    same = (kernel - 1) // 2
    tried = [(2, same), (1, same), (1, 0), (2, 0), (2, 1), (1, 1)]
    return [option for option in dict.fromkeys(tried) if option[1] < kernel]


def convolved(side: int, kernel: int, stride: int, padding: int) -> int:
    """The side of a map after a convolution."""
    return (side + 2 * padding - kernel) // stride + 1


def transposed(side: int, kernel: int, stride: int, padding: int) -> int:
    """The same after a transposed convolution with the largest output padding, as described decoders have it."""
    return (side - 1) * stride - 2 * padding + kernel + stride - 1


def search_strides(
    start: Sequence[int],
    kernels: Sequence[int],
    options: Sequence[Options],
    step: Callable[[int, int, int, int], int],
    reached: Callable[[int, int], bool],
) -> Options | None:
    """Strides and paddings, one pair for each kernel, that lead from size `start` to one that is `reached`: the most
    common ones, and of those the ones that change least from layer to layer."""
    paths: dict[tuple, tuple[float, list[tuple[int, int]]]] = {(*start, None): (0.0, [])}
    for kernel, choices in zip(kernels, options, strict=True):
        longer: dict[tuple, tuple[float, list[tuple[int, int]]]] = {}
        for (height, width, before), (cost, path) in paths.items():
            for rank, (stride, padding) in enumerate(choices):
                sizes = (step(height, kernel, stride, padding), step(width, kernel, stride, padding))
                if min(sizes) < 1 or max(sizes) > 4096:
                    continue
                key = (*sizes, (stride, padding))
                total = cost + rank / 4 + (before not in (None, (stride, padding)))
                if key not in longer or total < longer[key][0]:
                    longer[key] = (total, [*path, (stride, padding)])
        paths = longer
    ends = [value for (height, width, _), value in paths.items() if reached(height, width)]
    return min(ends, key=lambda value: value[0])[1] if ends else None
