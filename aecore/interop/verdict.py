"""What the candidates' errors say: the order in which they are shown, and the verdict.

- `certain`: one network reconstructs the images clearly better than every other that the shapes allow,
- `undecided`: others come near, even the best explains little, or there were too many networks to try all,
- `given`: the user named the network, and no other was tried,
- `not understood`: none does better than always answering the mean training image,
- `untried`: there were no images to try it on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.interop.geometry import Geometry

Verdict = Literal["certain", "undecided", "given", "not understood", "untried"]
CLEARLY = 1.04
"""How many times the error of the best network every other one must have for it to be certain."""
NEARLY = 1.3
"""How many times the error of the first one a plainer network may have to be shown beside it, and inside the border one
with other strides and paddings."""
LITTLE = 0.7
"""A best network with more than this share of the mean image's error explains too little to be certain."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A network that the file may hold."""

    experiment: Experiment
    weights: dict[str, Tensor]
    text: str
    error: float | None = None
    """Mean squared error of its reconstructions on the [0, 1] scale; None where it was not tried."""
    inner_error: float | None = None
    """The same without the border of the images; None where it was not tried."""
    score: float = math.inf
    rarity: float = 0.0
    """How unusual it is."""
    geometry: Geometry | None = None
    """Its strides and paddings, where a search has found them."""
    presets: tuple[str, ...] = ()
    """Presets that compute the same."""
    settings: Mapping[str, Any] | None = None
    """Its model's settings by dotted key."""
    layers: tuple[str, ...] = ()
    """Names in the file, in the order of the layers."""
    heads: str = ""
    """What tells the heads of a VAE apart."""
    output: Tensor | None = None
    """Its reconstructions of the first images, float (N, C, H, W) on the [0, 1] scale."""

    def as_json(self) -> dict[str, Any]:
        return {
            "mse": self.error,
            "preset": self.presets[0] if self.presets else None,
            "settings": dict(self.settings or {}),
            "layers": list(self.layers),
            "heads": self.heads,
            "text": self.text,
        }


@dataclass(frozen=True, eq=False)
class Decision:
    """The candidates, the best first, and how sure that is."""

    candidates: tuple[Candidate, ...]
    verdict: Verdict
    mean_image_mse: float | None = None
    """The error of always answering the mean training image, on the same images."""
    why: str = ""
    """Of `undecided`: `near`, `little` or `cut`, as the search was cut short."""
    near: int = 0
    """How many other candidates, of all that were ranked, come near the best one."""
    images: Tensor | None = None
    """The images of which the candidates hold reconstructions, uint8 (N, C, H, W)."""

    @property
    def best(self) -> Candidate:
        return self.candidates[0]


def verdict_of(errors: Sequence[float], baseline: float, complete: bool) -> tuple[Verdict, str, int]:
    """What the errors of the ranked candidates say, why where it is `undecided`, and how many come near the first.
    `baseline` is the error of the mean training image, `complete` whether the search was not cut short."""
    first, others = errors[0], errors[1:]
    near = sum(error < CLEARLY * first for error in others)
    if min(errors) >= baseline:
        return "not understood", "", near
    if near:
        return "undecided", "near", near
    if first > LITTLE * baseline:
        return "undecided", "little", near
    return ("certain", "", near) if complete else ("undecided", "cut", near)


def move_up(candidates: list[tuple[Candidate, Tensor]]) -> None:
    """Bring among the first three what may well have been trained though it is not of the best: the plainest network,
    and one with other strides and paddings."""
    _move_up_the_plainest(candidates)
    _move_up_another_geometry(candidates)


def _move_up_the_plainest(candidates: list[tuple[Candidate, Tensor]]) -> None:
    """Put the least unusual network second where it comes near: one with a slope below zero may do better than the ReLU
    that was trained, where units have died."""
    first = candidates[0][0]
    near = [
        pair
        for pair in candidates
        if pair[0].geometry == first.geometry and (pair[0].error or 0.0) < NEARLY * (first.error or 0.0)
    ]
    plainest = min(near, key=lambda pair: pair[0].rarity)
    if all(plainest is not pair for pair in candidates[:2]):
        candidates[:] = [candidates[0], plainest, *(pair for pair in candidates[1:] if pair is not plainest)]


def _move_up_another_geometry(candidates: list[tuple[Candidate, Tensor]]) -> None:
    """Put the likeliest network with other strides and paddings third where it does better inside the border than the
    first three, or as well where these all have the same. What a network does at the border follows from its paddings,
    and the trained one is not always the best there."""
    first, shown = candidates[0][0], [candidate for candidate, _ in candidates[:3]]
    if first.geometry is None or first.inner_error is None:
        return
    alike = all(other.geometry == first.geometry for other in shown)
    lowest = min(other.inner_error for other in shown if other.inner_error is not None)
    limit = NEARLY * first.inner_error if alike else lowest / CLEARLY
    others = [
        pair
        for pair in candidates[3:]
        if pair[0].inner_error is not None
        and pair[0].inner_error < limit
        and all(pair[0].geometry != other.geometry for other in shown[:2])
    ]
    if others:
        moved = min(others, key=lambda pair: _inner_score(pair[0]))
        candidates[:] = [*candidates[:2], moved, *(pair for pair in candidates[2:] if pair is not moved)]


def _inner_score(one: Candidate) -> float:
    """The score with the error inside the border."""
    return one.score + math.log(max(one.inner_error or 0.0, 1e-12)) - math.log(max(one.error or 0.0, 1e-12))


def compared(ranked: Sequence[Candidate]) -> list[float]:
    """The errors of candidates for the verdict. One with other strides and paddings that comes nearer to the first
    inside the border than on the whole image counts with what it would be if it came as near everywhere."""
    first, errors = ranked[0], [one.error or 0.0 for one in ranked]
    if not first.inner_error:
        return errors
    lowest = min(errors)
    scaled = [
        errors[0] * one.inner_error / first.inner_error
        if one.inner_error is not None and one.geometry != first.geometry
        else error
        for one, error in zip(ranked, errors, strict=True)
    ]
    return [min(error, max(other, lowest)) for error, other in zip(errors, scaled, strict=True)]
