"""The networks from which a search begins: the likely geometries, each with the functions that suit it best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from aecore.interop.functions import Functions, Scale, activate, reconstruct
from aecore.interop.glance import likely_geometries
from aecore.interop.parts import Skeleton
from aecore.interop.reading import Limits, Reading, score, silent, work
from aecore.interop.trials import Trials, inside, mean_error

IMAGES = 12
SHARE = 0.65
"""Of the whole budget, what is spent when the starts are known."""
STARTS, FEW = 8, 12
UNPADDED = 24
"""Of how many networks without padding one is a start."""


def find_starts(skeletons: Sequence[Skeleton], trials: Trials) -> list[Reading]:
    """The most promising readings, of different geometries where there are many."""
    limits = trials.limits
    images = trials.images[:IMAGES]
    truth = images.float() / 255
    candidates = likely_geometries(skeletons, trials)
    few = len(candidates) <= FEW  # as of linear layers alone: there is time to begin with every activation
    inner = limits.inner if limits.activation or few else ("relu", "leaky-relu:0.2")
    inside = list(dict.fromkeys(scale.inside for scale in limits.scales(trials.shape[0])))[:3]
    tried: list[tuple[float, Reading]] = []
    for (skeleton, geometry), activation in itertools.product(candidates, inner):
        if trials.over(SHARE) and tried:
            trials.cut = True
            break
        for name in inside:
            pooled = any(window.pool for window in geometry.encoder)
            for code, average in itertools.product(codes(skeleton, activation, limits), (False, True)[: 1 + pooled]):
                functions = Functions(Scale(name, name), "none", activation, activation, code, average=average)
                reading = Reading(skeleton, geometry, functions).without_silent()
                trials.spend(work(reading, trials.shape) * len(images))
                best = _best_output(reading, images, truth, trials)
                if best is not None:
                    tried.append(best)
    tried.sort(key=lambda pair: pair[0])
    chosen: list[Reading] = []
    for _, reading in tried:
        alike = (other.geometry == reading.geometry and other.skeleton is reading.skeleton for other in chosen)
        if sum(alike) < (STARTS if few else 1):
            chosen.append(reading)
        if len(chosen) == STARTS:
            break
    return chosen + _unpadded(tried, chosen, images, trials)


def _unpadded(
    tried: Sequence[tuple[float, Reading]], chosen: Sequence[Reading], images: Tensor, trials: Trials
) -> list[Reading]:
    """The network without padding that does best inside the border, unless one is among the chosen. What such a network
    does at the border is poor even where it was trained so, and a twin with padding, which computes the same inside,
    does better there."""
    if any(reading.geometry.unpadded for reading in chosen):
        return []
    truth = inside(images.float() / 255)
    without = [reading for _, reading in tried if reading.geometry.unpadded]
    errors = [mean_error(inside(reconstruct(one.network(trials.shape), images)), truth) for one in without[:UNPADDED]]
    return [without[errors.index(min(errors))]] if errors else []


def codes(skeleton: Skeleton, activation: str, limits: Limits) -> tuple[str, ...]:
    """The functions on the code with which to start."""
    if skeleton.variational or silent(skeleton.encoder[-1]):
        return ("none",)
    return (limits.code,) if limits.code else ("none", activation)


def _best_output(reading: Reading, images: Tensor, truth: Tensor, trials: Trials) -> tuple[float, Reading] | None:
    """The reading with that output function and scale under which its raw output is nearest to the images."""
    try:
        raw = reconstruct(reading.raw(trials.shape), images)
    except RuntimeError:
        return None
    best: tuple[float, Reading] | None = None
    scale_in = reading.functions.scale.inside
    for name in trials.limits.outputs:
        values = activate(name, raw)
        for scale in trials.limits.scales(trials.shape[0]):
            if scale.inside != scale_in:
                continue
            error = mean_error(_to_unit(values, scale.outside), truth)
            found = replace(reading, functions=replace(reading.functions, output=name, scale=scale))
            if math.isfinite(error) and (best is None or score(error, found) < best[0]):
                best = score(error, found), found
    return best


def _to_unit(values: Tensor, scale: str) -> Tensor:
    if scale == "unit":
        return values
    mean, deviation = ("0.5/0.5" if scale == "symmetric" else scale).split("/")
    shift, factor = (
        torch.tensor([float(part) for part in side.split(",")])[:, None, None] for side in (mean, deviation)
    )
    return values * factor + shift
