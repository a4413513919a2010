"""How a convolution may move: strides, paddings, pools and upsamplings, how unusual each is, and the ways through
several layers."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from aecore.interop.parts import Part

MOST_PATHS = 3000
MOST_SIDE = 512
STRIDES = (1, 2, 3, 4)
POOLS = (0, 2, 3)
UPSAMPLINGS = (0, 2)
NO_PADDING = 0.4
"""How unusual it is that a convolution has no padding where others have."""


class Window(NamedTuple):
    """How a convolution moves, with what comes before it and after its activation."""

    stride: int
    padding: int
    output_padding: int = 0
    pool: int = 0
    """Side of the pool after it; 0 for none."""
    upsample: int = 0
    """Factor of an upsampling before it; 0 for none."""


Options = Callable[[Part, int], list[tuple[float, Window]]]


def encoder_options_of(fixed: Sequence[Window] | None) -> Options:
    def options(part: Part, number: int) -> list[tuple[float, Window]]:
        if fixed is not None:
            given = fixed[number]
            return [(0.3 * bool(pool), given._replace(pool=pool)) for pool in POOLS if _room(part, bool(pool))]
        return encoder_options(part)

    return options


def _room(part: Part, pool: bool) -> bool:
    """Whether a pool may follow: one module without weights at least, where their number is known."""
    return not pool or part.gap is None or part.gap >= 1


def _of_padding(padding: int, kernel: int) -> float:
    """How unusual a padding is. One of more than half the kernel lets some outputs see nothing but zeros."""
    if padding == (kernel - 1) // 2:
        return 0.0
    return NO_PADDING if padding == 0 else 0.7 if padding == 1 else 2.0 if padding <= kernel // 2 else 3.5


def encoder_options(part: Part) -> list[tuple[float, Window]]:
    """Strides, paddings and pools of a convolution, each with how unusual it is."""
    kernel = part.kernel
    found = []
    for stride in STRIDES:
        for padding in range(min(kernel, 6)):
            usual = _of_padding(padding, kernel)
            if kernel == 1 and stride > 1:
                usual += 3.0
            if stride > kernel:
                usual += 3.0
            for pool in POOLS:
                if not _room(part, bool(pool)):
                    continue
                cost = usual + (0.0, 0.2, 0.0, 0.6, 0.8)[stride] + (0.3 if pool == 2 else 2.5 if pool else 0.0)
                if pool and stride > 1:
                    cost += 1.0
                if pool and part.gap == 1:  # an activation is likelier
                    cost += 0.8
                found.append((cost, Window(stride, padding, 0, pool)))
    return found


def decoder_options(part: Part, _number: int) -> list[tuple[float, Window]]:
    """The same for the decoder: strides, paddings, output paddings, and upsamplings before a layer."""
    kernel = part.kernel
    same = (kernel - 1) // 2
    found = []
    if part.kind == "conv":
        for upsample in UPSAMPLINGS:
            for padding in range(min(kernel, 6)):
                usual = _of_padding(padding, kernel)
                found.append((usual + 0.1 * (not upsample), Window(1, padding, 0, 0, upsample)))
        return found
    for stride in STRIDES:
        for padding in range(min(kernel, 6)):
            usual = _of_padding(padding, kernel)
            if stride > kernel:
                usual += 3.0
            for more in range(stride):
                # The usual forms double the map: 2k with padding (k − 1) / 2 and 1 more, or an even kernel and 0.
                fits = more == (stride - 1 if kernel % 2 and padding == same else 0)
                cost = usual + (0.0, 0.2, 0.0, 0.6, 0.8)[stride] + (0.0 if fits else 0.7)
                found += [
                    (cost + 1.5 * bool(upsample), Window(stride, padding, more, 0, upsample))
                    for upsample in (UPSAMPLINGS if stride == 1 else (0,))
                ]
    return found


def after(part: Part, window: Window, side: int) -> int:
    """The side of a map behind a layer with its window."""
    if window.upsample:
        side *= window.upsample
    if part.kind == "transposed":
        side = (side - 1) * window.stride - 2 * window.padding + part.kernel + window.output_padding
    else:
        side = (side + 2 * window.padding - part.kernel) // window.stride + 1
    return side // window.pool if window.pool and side > 0 else side


class Walk:
    """All ways through some layers to a size that is `reached`. What does not depend on where a way begins is computed
    once."""

    def __init__(self, parts: Sequence[Part], options: Options, reached: Callable[[int, int], bool]) -> None:
        self.parts, self.reached = parts, reached
        self.choices = [options(part, number) for number, part in enumerate(parts)]
        self._ahead: dict[tuple[int, int, int], float] = {}
        self._steps: dict[tuple[int, int, int], list[tuple[float, Window, tuple[int, int]]]] = {}

    def paths(self, size: tuple[int, int]) -> Iterator[tuple[float, tuple[Window, ...], tuple[int, int]]]:
        """Windows for all parts that lead on from `size`, the cheapest first, each with its cost and the last size."""
        count = itertools.count()
        heap: list[tuple[float, int, float, int, tuple[int, int], tuple[Window, ...]]]
        heap = [(self._left(0, *size), next(count), 0.0, 0, size, ())]
        for _ in range(MOST_PATHS):
            if not heap or heap[0][0] == math.inf:
                return
            _, _, cost, number, (height, width), path = heapq.heappop(heap)
            if number == len(self.parts):
                yield cost, path, (height, width)
                continue
            for more, window, sides in self._steps_from(number, height, width):
                # Layers of one network are usually alike; how they move changes rarely.
                changed = path and (path[-1][0], path[-1][3], path[-1][4]) != (window[0], window[3], window[4])
                total = cost + more + 0.5 * bool(changed)
                whole = total + self._left(number + 1, *sides)
                if whole < math.inf:
                    heapq.heappush(heap, (whole, next(count), total, number + 1, sides, (*path, window)))

    def _left(self, number: int, height: int, width: int) -> float:
        """The lowest cost from here to the end; infinite where it is not reached."""
        key = number, height, width
        if key not in self._ahead:
            if number == len(self.parts):
                self._ahead[key] = 0.0 if self.reached(height, width) else math.inf
            else:
                costs = [more + self._left(number + 1, *sides) for more, _, sides in self._steps_from(*key)]
                self._ahead[key] = min(costs, default=math.inf)
        return self._ahead[key]

    def _steps_from(self, number: int, height: int, width: int) -> list[tuple[float, Window, tuple[int, int]]]:
        key = number, height, width
        if key not in self._steps:
            part, found = self.parts[number], []
            for more, window in self.choices[number]:
                down = after(part, window, height)
                across = down if width == height else after(part, window, width)
                if down >= 1 and across >= 1 and max(down, across) <= MOST_SIDE:
                    found.append((more, window, (down, across)))
            self._steps[key] = found
        return self._steps[key]
