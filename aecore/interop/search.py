"""Which of the networks that a checkpoint's shapes allow it was trained as: the one that reconstructs images best.

Three stages, each on fewer networks and more images:

1. every reading and geometry with the most usual functions; what the output function is does not matter yet, as the
   values before it are compared under each,
2. from the best of them, one function or window after the other is changed for as long as that helps,
3. the best are compared on more images, and what computes the same is counted once.

The work is bounded in multiplications, not in seconds, so that every machine finds the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from aecore.interop.functions import (
    Functions,
    Network,
    Scale,
    activate,
    reconstruct,
)
from aecore.interop.geometry import geometries
from aecore.interop.parts import Skeleton
from aecore.interop.reading import Limits, Reading, score, silent, work
from aecore.models.layer import Shape

FIRST_IMAGES, SECOND_IMAGES, LAST_IMAGES = 12, 48, 400
MOST_GEOMETRIES = 300
BUDGET = 5e10
"""Multiplications in the first two stages; five to ten seconds on two cores."""
A_CALL = 2e6
"""What running a network costs at least, in multiplications."""
STARTS, FEW = 8, 12
KEPT = 14
"""How many different networks go into the last stage."""
SAME = 1e-4
"""Two networks whose outputs differ by less than this share of the error of the better one compute the same."""


@dataclass(frozen=True, eq=False)
class Found:
    """A network with the error of its reconstructions, the mean squared error on the [0, 1] scale."""

    reading: Reading
    error: float
    output: Tensor
    """Its reconstructions of the last stage's images (N, C, H, W)."""

    @property
    def score(self) -> float:
        """By which networks are ranked, lower is better: the logarithm of the error, and how unusual it is."""
        return score(self.error, self.reading)


@dataclass
class _Search:
    shape: Shape
    images: Tensor
    limits: Limits
    spent: float = 0.0
    known: dict[tuple, float] = field(default_factory=dict)
    readings: dict[tuple, Reading] = field(default_factory=dict)
    cut: bool = False
    """Whether geometries were left out in the first stage."""

    def key(self, reading: Reading) -> tuple:
        """What distinguishes one network from another."""
        net = reading.network(self.shape)
        return net.encoder, net.decoder, net.symmetric, tuple(p.name for p in net.encoder_parts), reading.skeleton.how

    def score(self, reading: Reading) -> float:
        """The score on the second stage's images; infinite for a network that does not fit together."""
        key = self.key(reading)
        if key not in self.known:
            images = self.images[:SECOND_IMAGES]
            self.spent += work(reading, self.shape) * len(images) + A_CALL
            error = _error(reading.network(self.shape), images)
            self.known[key] = score(error, reading) if math.isfinite(error) else math.inf
            self.readings[key] = reading
        return self.known[key]

    @property
    def over(self) -> bool:
        return self.spent > BUDGET


def search(
    skeletons: Sequence[Skeleton], shape: Shape, images: Tensor, limits: Limits | None = None
) -> tuple[list[Found], bool]:
    """Networks that compute different things, the best reconstruction of the images first, and whether everything was
    tried that differs from the best one in one thing. Empty where no strides and paddings fit. `images` are uint8
    (N, C, H, W)."""
    state = _Search(shape, images, limits or Limits())
    starts = _first_stage(skeletons, state)
    if not starts:
        return [], True
    for start in starts:
        _descend(start, state, [other for other in starts if other.skeleton is start.skeleton])
        if state.over:
            break
    found = _last_stage(state)
    return found, not state.cut and bool(found) and _is_surrounded(found[0].reading, state, starts)


def _is_surrounded(best: Reading, state: _Search, starts: Sequence[Reading]) -> bool:
    """Whether every reading that differs from the best one in one thing has been tried."""
    others = [other for other in starts if other.skeleton is best.skeleton]
    return all(state.key(change) in state.known for change in _changes(best, state, others))


def _first_stage(skeletons: Sequence[Skeleton], state: _Search) -> list[Reading]:
    """The most promising starts of different readings and geometries."""
    limits, channels = state.limits, state.shape[0]
    images = state.images[:FIRST_IMAGES]
    truth = images.float() / 255
    tried: list[tuple[float, Reading]] = []
    candidates = [
        (skeleton, geometry)
        for skeleton in skeletons
        for geometry in geometries(skeleton, state.shape, max(MOST_GEOMETRIES // len(skeletons), 24), limits.windows)
    ]
    candidates.sort(key=lambda pair: pair[1].cost)
    few = len(candidates) <= FEW  # as of linear layers alone: there is time to begin with every activation
    inner = limits.inner if limits.activation or few else ("relu", "leaky-relu:0.2")
    inside = list(dict.fromkeys(scale.inside for scale in limits.scales(channels)))[:3]
    for (skeleton, geometry), activation in itertools.product(candidates, inner):
        if state.spent > BUDGET / 2 and tried:
            state.cut = True
            break
        for name in inside:
            pooled = any(window.pool for window in geometry.encoder)
            for code, average in itertools.product(_codes(skeleton, activation, limits), (False, True)[: 1 + pooled]):
                functions = Functions(Scale(name, name), "none", activation, activation, code, average=average)
                functions = _fit(functions, skeleton)
                reading = Reading(skeleton, geometry, functions)
                state.spent += work(reading, state.shape) * len(images) + A_CALL
                best = _best_output(reading, images, truth, state)
                if best is not None:
                    tried.append(best)
    tried.sort(key=lambda pair: pair[0])
    chosen: list[Reading] = []
    for _, reading in tried:
        if sum(other.geometry == reading.geometry and other.skeleton is reading.skeleton for other in chosen) < (
            STARTS if few else 1
        ):
            chosen.append(reading)
        if len(chosen) == STARTS:
            break
    return chosen


def _codes(skeleton: Skeleton, activation: str, limits: Limits) -> tuple[str, ...]:
    """The functions on the code with which to start."""
    if skeleton.variational or silent(skeleton.encoder[-1]):
        return ("none",)
    return (limits.code,) if limits.code else ("none", activation)


def _fit(functions: Functions, skeleton: Skeleton) -> Functions:
    """Without an activation where names show that no module lies between two layers."""
    last = len(skeleton.encoder) - 1
    off = frozenset(n for n, part in enumerate(skeleton.parts[:-1]) if silent(part) and n != last)
    return replace(functions, off=off)


def _spoken(reading: Reading, number: int) -> bool:
    """Whether names show that a module without weights follows a layer, and only an activation can be it."""
    parts = reading.skeleton.parts
    part, following = parts[number], parts[number + 1]
    if (
        not part.gap
        or (part.kind != "linear" and following.kind == "linear")
        or number + 1 == len(reading.skeleton.encoder)
    ):
        return False  # it may be a Flatten
    if part.kind == "linear" and following.kind != "linear":
        return False  # an Unflatten
    windows = (*reading.geometry.encoder, *reading.geometry.decoder)
    at = [n for n, p in enumerate(parts) if p.kind != "linear"]
    pooled = number in at and windows[at.index(number)].pool
    enlarged = number + 1 in at and windows[at.index(number + 1)].upsample
    return part.gap > bool(pooled) + bool(enlarged)


def _best_output(reading: Reading, images: Tensor, truth: Tensor, state: _Search) -> tuple[float, Reading] | None:
    """The reading with that output function and scale under which its raw output is nearest to the images."""
    try:
        raw = reconstruct(_raw(reading, state.shape), images)
    except RuntimeError:
        return None
    best: tuple[float, Reading] | None = None
    scale_in = reading.functions.scale.inside
    for name in state.limits.outputs:
        values = activate(name, raw)
        for scale in state.limits.scales(state.shape[0]):
            if scale.inside != scale_in:
                continue
            error = float((_to_unit(values, scale.outside) - truth).square().mean())
            found = replace(reading, functions=replace(reading.functions, output=name, scale=scale))
            if math.isfinite(error) and (best is None or score(error, found) < best[0]):
                best = score(error, found), found
    return best


def _raw(reading: Reading, shape: Shape) -> Network:
    """The network with its output as it leaves the last layer."""
    inside = reading.functions.scale.inside
    bare = replace(reading.functions, output="none", scale=Scale(inside, "unit"))
    if inside == "symmetric":  # as a normalisation: the output stays as it is
        bare = replace(bare, scale=Scale("symmetric", "unit"))
    return replace(reading, functions=bare).network(shape)


def _to_unit(values: Tensor, scale: str) -> Tensor:
    if scale == "unit":
        return values
    mean, deviation = ("0.5/0.5" if scale == "symmetric" else scale).split("/")
    shift, factor = (
        torch.tensor([float(part) for part in side.split(",")])[:, None, None] for side in (mean, deviation)
    )
    return values * factor + shift


def _descend(start: Reading, state: _Search, others: Sequence[Reading]) -> None:
    """Change one thing after the other for as long as that helps."""
    now, lowest = start, state.score(start)
    while not state.over:
        best, error = now, lowest
        for change in _changes(now, state, others):
            found = state.score(change)
            if found < error:
                best, error = change, found
            if state.over:
                break
        if best is now:
            return
        now, lowest = best, error


def _changes(now: Reading, state: _Search, others: Sequence[Reading]) -> Iterator[Reading]:
    """Readings that differ from this one in one thing."""
    functions, limits, skeleton = now.functions, state.limits, now.skeleton
    last = len(skeleton.encoder) - 1

    def with_functions(**changes: Any) -> Reading:
        return replace(now, functions=replace(functions, **changes))

    for name in limits.inner:
        yield with_functions(encoder=name, decoder=name)
        if functions.code == functions.encoder != "none" and not limits.code:
            yield with_functions(encoder=name, decoder=name, code=name)
        if not limits.activation:
            yield with_functions(encoder=name)
            yield with_functions(decoder=name)
    for name in dict.fromkeys((*_codes(skeleton, functions.encoder, limits), "relu", "sigmoid", "tanh")):
        if len(_codes(skeleton, functions.encoder, limits)) > 1:
            yield with_functions(code=name)
    for name, scale in itertools.product(limits.outputs, limits.scales(state.shape[0])):
        yield with_functions(output=name, scale=scale)
    for number, part in enumerate(skeleton.parts[:-1]):
        if number != last and not silent(part) and (number in functions.off or not _spoken(now, number)):
            yield with_functions(off=functions.off ^ {number})
    if any(part.norm is not None and part.norm_gap is None for part in skeleton.parts):
        first, second = functions.norm_after
        for order in ((not first, not second), (not first, second), (first, not second)):
            yield with_functions(norm_after=order)
    if any(window.upsample for window in now.geometry.decoder):
        yield with_functions(bilinear=not functions.bilinear)
    if any(window.pool for window in now.geometry.encoder):
        yield with_functions(average=not functions.average)
    for geometry in dict.fromkeys(other.geometry for other in others):
        if geometry != now.geometry:
            yield replace(now, geometry=geometry)


def _last_stage(state: _Search) -> list[Found]:
    images = state.images[:LAST_IMAGES]
    truth = images.float() / 255
    found: list[Found] = []
    for key in sorted(state.known, key=state.known.__getitem__)[: 6 * KEPT]:
        if not math.isfinite(state.known[key]):
            break
        reading = state.readings[key]
        output = _in_pieces(reading.network(state.shape), images)
        error = float((output - truth).square().mean())
        if any(alike(output, other.output, other.error) for other in found):
            continue
        found.append(Found(reading, error, output))
        if len(found) == KEPT:
            break
    return sorted(found, key=lambda one: one.score)


def alike(one: Tensor, two: Tensor, error: float) -> bool:
    """Whether two outputs are the same beside an error of that size."""
    return float((one - two).square().mean()) <= SAME**2 * max(error, 1e-9)


def _in_pieces(net: Network, images: Tensor) -> Tensor:
    return torch.cat([reconstruct(net, piece) for piece in images.split(100)])


def _error(net: Network, images: Tensor) -> float:
    try:
        error = float((reconstruct(net, images) - images.float() / 255).square().mean())
    except RuntimeError:
        return math.inf
    return error if math.isfinite(error) else math.inf


def mean_image_error(images: Tensor, train: Tensor) -> float:
    """The error of always answering the mean of the training images, on the [0, 1] scale; both uint8 (N, C, H, W)."""
    mean = train.double().mean(dim=0) / 255
    return float((images.double() / 255 - mean).square().mean())
