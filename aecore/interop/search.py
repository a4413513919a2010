"""Which of the networks that a checkpoint's shapes allow it was trained as: the one that reconstructs images best.

Four stages, each on fewer networks and more images:

1. all geometries at a glance (`aecore.interop.glance`),
2. the likely ones with the most usual functions; what the output function is does not matter yet, as the values before
   it are compared under each (`aecore.interop.starts`),
3. from the best of them, one function or window after the other is changed for as long as that helps,
4. the best are compared on more images, and what computes the same is counted once.

The work is bounded in multiplications, not in seconds, so that every machine finds the same. One thread does it: the
networks and image sets are small, and on a machine with other work beside it threads that wait for one another after
every operation were up to 25 times slower, where they gained a third on one that is idle.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from aecore.interop.functions import Network, reconstruct
from aecore.interop.parts import Skeleton
from aecore.interop.reading import Limits, Reading, score, silent
from aecore.interop.starts import codes, find_starts
from aecore.interop.trials import Trials, inside, mean_error
from aecore.models.layer import Shape

LAST_IMAGES = 400
KEPT = 18
"""How many different networks go into the last stage."""
SAME = 1e-4
"""Two networks whose outputs differ by less than this share of the error of the better one compute the same."""


@dataclass(frozen=True, eq=False)
class Found:
    """A network with the error of its reconstructions, the mean squared error on the [0, 1] scale."""

    reading: Reading
    error: float
    inner_error: float
    """The same without the border, where alone paddings differ."""
    output: Tensor
    """Its reconstructions of the last stage's images (N, C, H, W)."""

    @property
    def score(self) -> float:
        """By which networks are ranked, lower is better: the logarithm of the error, and how unusual it is."""
        return score(self.error, self.reading)


def search(
    skeletons: Sequence[Skeleton], shape: Shape, images: Tensor, limits: Limits | None = None
) -> tuple[list[Found], bool]:
    """Networks that compute different things, the best reconstruction of the images first, and whether everything was
    tried that differs from the best one in one thing. Empty where no strides and paddings fit. `images` are uint8
    (N, C, H, W)."""
    with _one_thread():
        return _search(skeletons, Trials(shape, images, limits or Limits()))


@contextmanager
def _one_thread() -> Iterator[None]:
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(count)


def _search(skeletons: Sequence[Skeleton], trials: Trials) -> tuple[list[Found], bool]:
    starts = find_starts(skeletons, trials)
    if not starts:
        return [], True
    for start in starts:
        trials.score(start)
    for start in starts:
        _descend(start, trials, [other for other in starts if other.skeleton is start.skeleton])
        if trials.over():
            break
    found = _last_stage(trials, starts)
    return found, not trials.cut and bool(found) and _is_surrounded(found[0].reading, trials, starts)


def _is_surrounded(best: Reading, trials: Trials, starts: Sequence[Reading]) -> bool:
    """Whether every reading that differs from the best one in one thing has been tried."""
    others = [other for other in starts if other.skeleton is best.skeleton]
    return all(trials.key(change) in trials.known for change in _changes(best, trials, others))


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


def _descend(start: Reading, trials: Trials, others: Sequence[Reading]) -> None:
    """Change one thing after the other for as long as that helps."""
    now, lowest = start, trials.score(start)
    while not trials.over():
        best, error = now, lowest
        for change in _changes(now, trials, others):
            found = trials.score(change)
            if found < error:
                best, error = change, found
            if trials.over():
                break
        if best is now:
            return
        now, lowest = best, error


def _changes(now: Reading, trials: Trials, others: Sequence[Reading]) -> Iterator[Reading]:
    """Readings that differ from this one in one thing."""
    functions, limits, skeleton = now.functions, trials.limits, now.skeleton
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
    for name in dict.fromkeys((*codes(skeleton, functions.encoder, limits), "relu", "sigmoid", "tanh")):
        if len(codes(skeleton, functions.encoder, limits)) > 1:
            yield with_functions(code=name)
    for name, scale in itertools.product(limits.outputs, limits.scales(trials.shape[0])):
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


def _last_stage(trials: Trials, starts: Sequence[Reading]) -> list[Found]:
    images = trials.images[:LAST_IMAGES]
    truth = images.float() / 255
    found: list[Found] = []
    for reading in _finalists(trials, starts):
        output = _in_pieces(reading.network(trials.shape), images)
        error = float((output - truth).square().mean())
        if not math.isfinite(error):
            continue
        if any(alike(output, other.output, other.error) for other in found):
            continue
        found.append(Found(reading, error, mean_error(inside(output), inside(truth)), output))
        if len(found) == KEPT:
            break
    return sorted(found, key=lambda one: one.score)


def _finalists(trials: Trials, starts: Sequence[Reading]) -> list[Reading]:
    """The best network of each geometry from which the search began, then the best of all."""
    order = [key for key in sorted(trials.known, key=trials.known.__getitem__) if math.isfinite(trials.known[key])]
    ranked = [trials.readings[key] for key in order]
    first = {reading.geometry: reading for reading in reversed(ranked)}
    ahead = [first[geometry] for geometry in dict.fromkeys(start.geometry for start in starts) if geometry in first]
    return [*ahead, *(reading for reading in ranked[: 6 * KEPT] if all(reading is not other for other in ahead))]


def alike(one: Tensor, two: Tensor, error: float) -> bool:
    """Whether two outputs are the same beside an error of that size."""
    return float((one - two).square().mean()) <= SAME**2 * max(error, 1e-9)


def _in_pieces(net: Network, images: Tensor) -> Tensor:
    return torch.cat([reconstruct(net, piece) for piece in images.split(100)])


def mean_image_error(images: Tensor, train: Tensor) -> float:
    """The error of always answering the mean of the training images, on the [0, 1] scale; both uint8 (N, C, H, W)."""
    mean = train.double().mean(dim=0) / 255
    return float((images.double() / 255 - mean).square().mean())
