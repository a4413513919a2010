"""Strides, paddings, pools and upsamplings with which the sizes of a network's maps follow from one another."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from aecore.interop.parts import Part, Skeleton
from aecore.models.layer import Shape

MOST_SIDE = 512
MOST_PATHS = 3000
FREELY = 150
"""For so many of the most usual encoders, decoders of other sizes are considered too."""
STRIDES = (1, 2, 3, 4)
POOLS = (0, 2, 3)
UPSAMPLINGS = (0, 2)


class Window(NamedTuple):
    """How a convolution moves, with what comes before it and after its activation."""

    stride: int
    padding: int
    output_padding: int = 0
    pool: int = 0
    """Side of the pool after it; 0 for none."""
    upsample: int = 0
    """Factor of an upsampling before it; 0 for none."""


class Geometry(NamedTuple):
    """The windows of all convolutions of a network, in order."""

    encoder: tuple[Window, ...]
    decoder: tuple[Window, ...]
    map: Shape | None
    """The map with which the decoder's convolutions begin (C, H, W); None where it has none."""
    code_map: bool
    """Whether the code is a map, and no linear layer lies between the sides."""
    pad: int
    """Black pixels around the image that the network takes; negative: pixels cropped from it."""
    cost: float
    """The less usual the windows are, the higher."""


def geometries(skeleton: Skeleton, shape: Shape, most: int, fixed: Sequence[Window] | None = None) -> list[Geometry]:
    """The geometries for images of `shape` that fit a reading's layers, the most usual first, at most `most`.

    `fixed` gives stride and padding of the encoder's convolutions where they are known.
    """
    down = [part for part in skeleton.encoder if part.kind != "linear"]
    up = [part for part in skeleton.decoder if part.kind != "linear"]
    found: list[Geometry] = []
    for pad in (0, 2, 1, 4, -2):
        size = shape[1] + 2 * pad, shape[2] + 2 * pad
        fitting = _of_size(skeleton, down, up, shape, size, pad, fixed, min(MOST_PATHS, 40 * most))
        found += itertools.islice(fitting, most - len(found))
        if found or not _flat_size_known(skeleton):
            break
    counted = [geometry._replace(cost=geometry.cost + 2 * _unexplained(skeleton, geometry)) for geometry in found]
    return sorted(counted, key=lambda geometry: geometry.cost)


def _unexplained(skeleton: Skeleton, geometry: Geometry) -> float:
    """How badly pools and upsamplings account for the modules without weights that names show between layers."""
    windows = iter((*geometry.encoder, *geometry.decoder))
    at = [next(windows) if part.kind != "linear" else None for part in skeleton.parts]
    code, cost = len(skeleton.encoder) - 1, 0.0
    for number, (part, following) in enumerate(itertools.pairwise(skeleton.parts)):
        if part.gap is None:
            continue
        before, window = at[number], at[number + 1]
        needed = int(bool(before and before.pool)) + int(bool(window and window.upsample))
        reshaped = (part.kind == "linear") != (following.kind == "linear")
        # An activation, and a module that changes the shape; both may be written as functions.
        likely = {needed + 1 + reshaped: 0.0, needed + reshaped: 0.6, needed: 0.9, needed + 2 + reshaped: 1.5}
        if number == code:
            likely |= {needed + reshaped: 0.0, needed: min(likely[needed], 0.3)}
        cost += likely.get(part.gap, 1.0 + abs(part.gap - needed - 1))
    return cost


def _flat_size_known(skeleton: Skeleton) -> bool:
    """Whether some linear layer fixes the size of the images."""
    return any(part.kind == "linear" for part in skeleton.parts)


def _of_size(
    skeleton: Skeleton,
    down: list[Part],
    up: list[Part],
    shape: Shape,
    size: tuple[int, int],
    pad: int,
    fixed: Sequence[Window] | None,
    paths: int,
) -> Iterator[Geometry]:
    channels = shape[0]
    penalty = 2.0 * abs(pad)
    first, last = skeleton.encoder[0], skeleton.decoder[-1]
    features = channels * size[0] * size[1]
    if (not down and first.inputs != features) or (down and down[0].inputs != channels):
        return
    if (not up and last.outputs != features) or (up and up[-1].outputs != channels):
        return
    lead = _features_after(skeleton.encoder)  # of the last map, as the first linear layer of the encoder takes them
    start = _features_before(skeleton.decoder)  # of the first map, as the decoder's last linear layer gives them
    code_map = bool(down) and skeleton.encoder[-1].kind != "linear" and skeleton.decoder[0].kind != "linear"
    if code_map:
        yield from _through(down, up, size, pad, fixed, penalty, paths)
        return
    if down and lead is None:  # a map is the code, and the decoder begins with a linear layer
        lead = skeleton.decoder[0].inputs
    wanted = None if lead is None else lead // down[-1].outputs if down else None
    downs: list[tuple[float, tuple[Window, ...], tuple[int, int]]] = [(0.0, (), size)]
    if down:
        ends = _paths(down, size, _encoder_options(fixed), lambda h, w: h * w == wanted)
        downs = list(itertools.islice(ends, 60))
    ups: list[tuple[float, tuple[Window, ...], Shape | None]] = [(0.0, (), None)]
    if up:
        if start is None:  # the code itself is the map
            start = skeleton.encoder[-1].outputs
        ups = []
        for height, width in _sides(start // up[0].inputs, size):
            begin = (up[0].inputs, height, width)
            ends = _paths(up, (height, width), decoder_options, lambda h, w: (h, w) == size)
            ups += [(cost, windows, begin) for cost, windows, _ in itertools.islice(ends, 60)]
    pairs = ((a[0] + b[0], a[1], b[1], b[2]) for a in downs for b in ups)
    for cost, encoder, decoder, begin in sorted(pairs, key=lambda pair: pair[0]):
        yield Geometry(encoder, decoder, begin, False, pad, cost + penalty + _mirror_cost(encoder, decoder))


def _through(
    down: list[Part],
    up: list[Part],
    size: tuple[int, int],
    pad: int,
    fixed: Sequence[Window] | None,
    penalty: float,
    most: int,
) -> Iterator[Geometry]:
    """Networks of convolutions alone: whatever size the code has, the decoder must lead back from it."""
    found = []
    ends = _paths(down, size, _encoder_options(fixed), lambda h, w: True)
    back: dict[tuple[int, int], list] = {}
    for number, (cost, encoder, code) in enumerate(itertools.islice(ends, most)):
        for more, decoder in _retraced(down, up, encoder, size):
            found.append((cost + more, encoder, decoder, code))
        if number >= FREELY:
            continue
        if code not in back:
            paths = _paths(up, code, decoder_options, lambda h, w: (h, w) == size)
            back[code] = list(itertools.islice(paths, 20))
        for more, decoder, _ in back[code]:
            found.append((cost + more + _mirror_cost(encoder, decoder), encoder, decoder, code))
    seen = set()
    for cost, encoder, decoder, code in sorted(found, key=lambda one: one[0]):
        if (encoder, decoder) in seen:
            continue
        seen.add((encoder, decoder))
        yield Geometry(encoder, decoder, (up[0].inputs, *code), True, pad, cost + penalty)


def _retraced(
    down: Sequence[Part], up: Sequence[Part], encoder: Sequence[Window], size: tuple[int, int]
) -> list[tuple[float, tuple[Window, ...]]]:
    """The most usual windows with which the decoder's maps have the sizes of the encoder's, from last to first: most
    decoders are made so. None where it has other layers."""
    if len(up) != len(down):
        return []
    sizes = [size]
    for part, window in zip(down, encoder, strict=True):
        height, width = sizes[-1]
        sizes.append((after(part, window, height), after(part, window, width)))
    layers = []
    for part, here, there in zip(up, sizes[:0:-1], sizes[-2::-1], strict=True):
        fitting = [
            (more, window)
            for more, window in decoder_options(part, 0)
            if (after(part, window, here[0]), after(part, window, here[1])) == there
        ]
        layers.append(sorted(fitting, key=lambda option: option[0])[:3])
    whole: list[tuple[float, tuple[Window, ...]]] = [
        (sum((more for more, _ in chosen), 0.0), tuple(window for _, window in chosen))
        for chosen in itertools.islice(itertools.product(*layers), 81)
    ]
    return sorted(whole, key=lambda one: one[0])[:9]


def _mirror_cost(encoder: Sequence[Window], decoder: Sequence[Window]) -> float:
    """Decoders usually enlarge as often and as much as their encoders shrink."""
    shrunk = sorted(w.stride * max(w.pool, 1) for w in encoder)
    grown = sorted(w.stride * max(w.upsample, 1) for w in decoder)
    return 0.0 if [n for n in shrunk if n > 1] == [n for n in grown if n > 1] else 1.0


def _features_after(parts: Sequence[Part]) -> int | None:
    """What the first linear layer after a convolution takes; None where none follows one."""
    for before, part in itertools.pairwise(parts):
        if before.kind != "linear" and part.kind == "linear":
            return part.inputs
    return None


def _features_before(parts: Sequence[Part]) -> int | None:
    for part, after in itertools.pairwise(parts):
        if part.kind == "linear" and after.kind != "linear":
            return part.outputs
    return None


def _sides(area: int, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Heights and widths of a map of that area, with the image's proportions where it is not square."""
    fitting = [(h, area // h) for h in range(1, area + 1) if area % h == 0]
    return [pair for pair in fitting if abs(pair[0] * size[1] - pair[1] * size[0]) <= max(size)] or fitting[:0]


Options = Callable[[Part, int], list[tuple[float, Window]]]


def _encoder_options(fixed: Sequence[Window] | None) -> Options:
    def options(part: Part, number: int) -> list[tuple[float, Window]]:
        if fixed is not None:
            given = fixed[number]
            return [(0.3 * bool(pool), given._replace(pool=pool)) for pool in POOLS if _room(part, bool(pool))]
        return encoder_options(part)

    return options


def _room(part: Part, pool: bool) -> bool:
    """Whether a pool may follow: one module without weights at least, where their number is known."""
    return not pool or part.gap is None or part.gap >= 1


def _paddings(kernel: int) -> list[int]:
    """Those that people write: none, as much as keeps the size, 1, 2, and half the kernel."""
    return sorted({p for p in (0, 1, (kernel - 1) // 2, kernel // 2, 2 if kernel >= 5 else 0) if p < kernel})


def encoder_options(part: Part) -> list[tuple[float, Window]]:
    """Strides, paddings and pools of a convolution, each with how unusual it is."""
    kernel = part.kernel
    same = (kernel - 1) // 2
    found = []
    for stride in STRIDES:
        for padding in range(min(kernel, 6)):
            usual = 0.0 if padding == same else 0.4 if padding == 0 else 0.8 if padding == 1 else 2.0
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
                usual = 0.0 if padding == same else 0.5 if padding == 0 else 1.5
                found.append((usual + 0.1 * (not upsample), Window(1, padding, 0, 0, upsample)))
        return found
    for stride in STRIDES:
        for padding in range(min(kernel, 6)):
            usual = 0.0 if padding == same else 0.3 if padding == 0 else 0.6 if padding == 1 else 2.0
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


def _paths(
    parts: Sequence[Part], size: tuple[int, int], options: Options, reached: Callable[[int, int], bool]
) -> Iterator[tuple[float, tuple[Window, ...], tuple[int, int]]]:
    """Windows for all parts that lead from `size` to a size that is `reached`, the cheapest first."""
    choices = [options(part, number) for number, part in enumerate(parts)]
    ahead: dict[tuple[int, int, int], float] = {}

    def left(number: int, height: int, width: int) -> float:
        """The lowest cost from here to the end; infinite where it is not reached."""
        key = number, height, width
        if key not in ahead:
            if number == len(parts):
                ahead[key] = 0.0 if reached(height, width) else math.inf
            else:
                costs = [more + left(number + 1, *sides) for more, _, sides in steps(number, height, width)]
                ahead[key] = min(costs, default=math.inf)
        return ahead[key]

    def steps(number: int, height: int, width: int) -> list[tuple[float, Window, tuple[int, int]]]:
        part, found = parts[number], []
        for more, window in choices[number]:
            sides = after(part, window, height), after(part, window, width)
            if min(sides) >= 1 and max(sides) <= MOST_SIDE:
                found.append((more, window, sides))
        return found

    count = itertools.count()
    heap: list[tuple[float, int, float, int, tuple[int, int], tuple[Window, ...]]]
    heap = [(left(0, *size), next(count), 0.0, 0, size, ())]
    for _ in range(MOST_PATHS):
        if not heap or heap[0][0] == math.inf:
            return
        _, _, cost, number, (height, width), path = heapq.heappop(heap)
        if number == len(parts):
            yield cost, path, (height, width)
            continue
        for more, window, sides in steps(number, height, width):
            # Layers of one network are usually alike; how they move changes rarely.
            changed = path and (path[-1][0], path[-1][3], path[-1][4]) != (window.stride, window.pool, window.upsample)
            total = cost + more + 0.5 * bool(changed)
            whole = total + left(number + 1, *sides)
            if whole < math.inf:
                heapq.heappush(heap, (whole, next(count), total, number + 1, sides, (*path, window)))
