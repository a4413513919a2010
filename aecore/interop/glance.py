"""The first look at all geometries of a network: which of them can be the one it was trained with?

A network that is run with other strides or paddings than it was trained with gives a blur, whatever its functions are;
with the right ones its output resembles the image even under wrong functions. So thousands of geometries are tried on
very few images with few functions, and the measure is one that a wrong scale or output function changes little: what
the best straight line from the output to the image leaves unexplained.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from aecore.interop.functions import Functions, Scale, decode, encode
from aecore.interop.geometry import Geometry, geometries
from aecore.interop.parts import Skeleton
from aecore.interop.reading import Reading, silent, weighed, works
from aecore.interop.trials import A_CALL, BUDGET, Trials

MOST_GEOMETRIES = 3000
SHARE = 0.45
"""Of the whole budget."""
IMAGES = 4
LIKELY, USUAL, UNPADDED = 40, 8, 6
"""How many geometries go on: the best ones, and the most usual ones of all and of those without padding, whatever they
gave."""

Candidate = tuple[Skeleton, Geometry]


def likely_geometries(skeletons: Sequence[Skeleton], trials: Trials) -> list[Candidate]:
    """The geometries that may be right, the likeliest first."""
    most = max(MOST_GEOMETRIES // max(len(skeletons), 1), 24)
    candidates: list[Candidate] = []
    for skeleton in skeletons:
        found = geometries(skeleton, trials.shape, most, trials.limits.windows)
        trials.cut = trials.cut or len(found) == most
        candidates += [(skeleton, geometry) for geometry in found]
    candidates.sort(key=lambda pair: pair[1].cost)
    if len(candidates) <= LIKELY:
        return candidates
    chosen = _affordable(candidates, trials)
    numbered = {id(skeleton): number for number, skeleton in enumerate(skeletons)}
    lowest: dict[int, float] = {}

    def same_encoder(number: int) -> tuple:
        skeleton, geometry = chosen[number]
        return numbered[id(skeleton)], geometry.pad, geometry.code_map, geometry.encoder

    for _, group in itertools.groupby(sorted(range(len(chosen)), key=same_encoder), key=same_encoder):
        for number, share in _unexplained([(n, chosen[n]) for n in group], trials):
            lowest[number] = min(share, lowest.get(number, 1.0))
    order = sorted(lowest, key=lambda n: math.log(lowest[n]) + weighed(chosen[n][1].cost))
    unpadded = [n for n in range(len(chosen)) if chosen[n][1].unpadded]
    first, usual = order[:USUAL], range(min(USUAL, len(chosen)))
    # The last ones may have no turn where the network is large.
    kept = dict.fromkeys((*first, *usual, *unpadded[:UNPADDED], *order[:LIKELY]))
    return [chosen[number] for number in kept]


def _affordable(candidates: list[Candidate], trials: Trials) -> list[Candidate]:
    """As many of the most usual ones as the budget allows, where each encoder runs once."""
    runs = len(_variants(trials))
    encoders: set[tuple] = set()
    for number, (skeleton, geometry) in enumerate(candidates):
        down, up = works(skeleton, geometry, trials.shape)
        key = id(skeleton), geometry.pad, geometry.encoder
        trials.spent += runs * (IMAGES * (up + down * (key not in encoders)) + A_CALL)
        encoders.add(key)
        if trials.spent > SHARE * BUDGET:
            trials.cut = True
            return candidates[: number + 1]
    return candidates


def _variants(trials: Trials) -> list[tuple[str, str]]:
    """Activations, and scales of the images, to try each geometry with."""
    limits = trials.limits
    inner = [limits.activation] if limits.activation else ["relu", "leaky-relu:0.2"]
    scales = list(dict.fromkeys(scale.inside for scale in limits.scales(trials.shape[0])))[:2]
    return list(itertools.product(inner, scales))


@torch.inference_mode()
def _unexplained(group: Sequence[tuple[int, Candidate]], trials: Trials) -> list[tuple[int, float]]:
    """The share of the images' variance that each of some networks with one encoder leaves unexplained, by number."""
    images = trials.images[:IMAGES]
    truth = images.float() / 255
    found = []
    for activation, scale in _variants(trials):
        codes: Tensor | None = None
        for number, (skeleton, geometry) in group:
            net = _reading(skeleton, geometry, activation, scale).raw(trials.shape)
            try:
                if codes is None:
                    codes = encode(net, images)
                output = decode(net, codes, images.shape)
            except RuntimeError:
                continue
            found.append((number, min(_line_leaves(values, truth) for values in (output, torch.sigmoid(output)))))
    return found


def _reading(skeleton: Skeleton, geometry: Geometry, activation: str, scale: str) -> Reading:
    plain = skeleton.variational or silent(skeleton.encoder[-1]) or not geometry.code_map
    functions = Functions(Scale(scale, scale), "none", activation, activation, "none" if plain else activation)
    return Reading(skeleton, geometry, functions).without_silent()


def _line_leaves(values: Tensor, truth: Tensor) -> float:
    """The share of the truth's variance that the best straight line from the values leaves unexplained."""
    centred, wanted = values - values.mean(), truth - truth.mean()
    norm = float(centred.square().sum())
    if not math.isfinite(norm) or norm <= 0:
        return 1.0
    return max(1 - float((centred * wanted).sum()) ** 2 / (norm * float(wanted.square().sum())), 1e-9)
