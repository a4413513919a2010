"""Strides, paddings, pools and upsamplings with which the sizes of a network's maps follow from one another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aecore.interop.parts import Part, Skeleton
from aecore.interop.windows import MOST_PATHS, NO_PADDING, Walk, Window, after, decoder_options, encoder_options_of
from aecore.models.layer import Shape

FREELY = 150
"""For so many of the most usual encoders, decoders of other sizes are considered too."""


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

    @property
    def unpadded(self) -> bool:
        """Whether it has convolutions and all their paddings are 0, PyTorch's default."""
        windows = (*self.encoder, *self.decoder)
        return bool(windows) and not any(window.padding for window in windows)


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
    counted = [
        geometry._replace(cost=geometry.cost + 2 * _unexplained(skeleton, geometry) - _by_default(down, up, geometry))
        for geometry in found
    ]
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


def _by_default(down: Sequence[Part], up: Sequence[Part], geometry: Geometry) -> float:
    """What paddings of 0 have cost where there are no others: then all are PyTorch's default, which is usual again."""
    if not geometry.unpadded:
        return 0.0
    return 0.8 * sum(NO_PADDING for part in (*down, *up) if part.kernel > 2)


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
        ends = Walk(down, encoder_options_of(fixed), lambda h, w: h * w == wanted).paths(size)
        downs = list(itertools.islice(ends, 60))
    ups: list[tuple[float, tuple[Window, ...], Shape | None]] = [(0.0, (), None)]
    if up:
        if start is None:  # the code itself is the map
            start = skeleton.encoder[-1].outputs
        ups = []
        walk = Walk(up, decoder_options, lambda h, w: (h, w) == size)
        for height, width in _sides(start // up[0].inputs, size):
            begin = (up[0].inputs, height, width)
            ends = itertools.islice(walk.paths((height, width)), 60)
            ups += [(cost, windows, begin) for cost, windows, _ in ends]
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
    ends = Walk(down, encoder_options_of(fixed), lambda h, w: True).paths(size)
    walk = Walk(up, decoder_options, lambda h, w: (h, w) == size)
    back: dict[tuple[int, int], list] = {}
    retraced = _Retraced(up)
    for number, (cost, encoder, code) in enumerate(itertools.islice(ends, most)):
        for more, decoder in retraced.decoders(down, encoder, size):
            found.append((cost + more, encoder, decoder, code))
        if number >= FREELY:
            continue
        if code not in back:
            back[code] = list(itertools.islice(walk.paths(code), 20))
        for more, decoder, _ in back[code]:
            found.append((cost + more + _mirror_cost(encoder, decoder), encoder, decoder, code))
    seen = set()
    for cost, encoder, decoder, code in sorted(found, key=lambda one: one[0]):
        if (encoder, decoder) in seen:
            continue
        seen.add((encoder, decoder))
        yield Geometry(encoder, decoder, (up[0].inputs, *code), True, pad, cost + penalty)


class _Retraced:
    """The most usual windows with which a decoder's maps have the sizes of its encoder's, from last to first: most
    decoders are made so."""

    def __init__(self, up: Sequence[Part]) -> None:
        self.up = up
        self.choices = [sorted(decoder_options(part, 0), key=lambda option: option[0]) for part in up]
        self._known: dict[tuple, list[tuple[float, Window]]] = {}

    def decoders(
        self, down: Sequence[Part], encoder: Sequence[Window], size: tuple[int, int]
    ) -> list[tuple[float, tuple[Window, ...]]]:
        """The decoders for an encoder, each with its cost; none where it has another number of layers."""
        if len(self.up) != len(down):
            return []
        sizes = [size]
        for part, window in zip(down, encoder, strict=True):
            height, width = sizes[-1]
            sizes.append((after(part, window, height), after(part, window, width)))
        layers = [self._fitting(n, *pair) for n, pair in enumerate(zip(sizes[:0:-1], sizes[-2::-1], strict=True))]
        whole: list[tuple[float, tuple[Window, ...]]] = [
            (sum((more for more, _ in chosen), 0.0), tuple(window for _, window in chosen))
            for chosen in itertools.islice(itertools.product(*layers), 81)
        ]
        return sorted(whole, key=lambda one: one[0])[:9]

    def _fitting(self, number: int, here: tuple[int, int], there: tuple[int, int]) -> list[tuple[float, Window]]:
        """The three most usual windows with which a layer leads from one size to another."""
        key = number, here, there
        if key not in self._known:
            part = self.up[number]
            fitting = (
                (more, window)
                for more, window in self.choices[number]
                if after(part, window, here[0]) == there[0] and after(part, window, here[1]) == there[1]
            )
            self._known[key] = list(itertools.islice(fitting, 3))
        return self._known[key]


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
    for part, following in itertools.pairwise(parts):
        if part.kind == "linear" and following.kind != "linear":
            return part.outputs
    return None


def _sides(area: int, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Heights and widths of a map of that area, with the image's proportions where it is not square."""
    fitting = [(h, area // h) for h in range(1, area + 1) if area % h == 0]
    return [pair for pair in fitting if abs(pair[0] * size[1] - pair[1] * size[0]) <= max(size)] or fitting[:0]
