"""One network that a checkpoint's shapes allow, how unusual it is, and what a user has fixed of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aecore.interop.functions import INNER, OUTPUTS, Functions, Network, Scale, network, rarity, scales
from aecore.interop.geometry import Geometry
from aecore.interop.parts import Skeleton
from aecore.interop.windows import Window
from aecore.models.layer import Shape

PRIOR = 0.3
"""What the first unit of rarity weighs against the logarithm of the error: a network that is unusual in one thing must
reconstruct a quarter better."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One network that the shapes allow."""

    skeleton: Skeleton
    geometry: Geometry
    functions: Functions

    @property
    def rarity(self) -> float:
        """How unusual it is: windows, functions, and heads that no name tells apart."""
        off = sum(silent(self.skeleton.parts[number]) for number in self.functions.off)
        unnamed = 0.5 * (self.skeleton.how not in ("", "heads by name"))
        return self.geometry.cost + rarity(self.functions) - 0.5 * off + unnamed + self._unheard + self._copies

    @property
    def _copies(self) -> float:
        """1.5 if the code is a map of the image's size with several channels. It lets any image through, so that a low
        error says little, and few networks are made so."""
        geometry = self.geometry
        if not geometry.code_map or geometry.map is None:
            return 0.0
        wide = all(window.stride == 1 and not window.pool for window in geometry.encoder)
        return 1.5 * (wide and geometry.map[0] > self.skeleton.parts[0].inputs)

    @property
    def _unheard(self) -> float:
        """1 if names show a module behind the code that this network has nothing for."""
        part, following = self.skeleton.encoder[-1], self.skeleton.decoder[0]
        windows = self.geometry.encoder[-1:] if part.kind != "linear" else ()
        explained = any(window.pool for window in windows) or (part.kind == "linear") != (following.kind == "linear")
        if following.kind != "linear" and self.geometry.decoder[0].upsample:
            explained = True
        return float(bool(part.gap) and not explained and self.functions.code == "none")

    def network(self, shape: Shape) -> Network:
        return network(self.skeleton, self.geometry, self.functions, shape)

    def raw(self, shape: Shape) -> Network:
        """The network with its output as it leaves the last layer."""
        bare = replace(self.functions, output="none", scale=Scale(self.functions.scale.inside, "unit"))
        return replace(self, functions=bare).network(shape)

    def without_silent(self) -> Reading:
        """Without an activation where names show that no module lies between two layers."""
        last, parts = len(self.skeleton.encoder) - 1, self.skeleton.parts
        off = frozenset(n for n, part in enumerate(parts[:-1]) if silent(part) and n != last)
        return replace(self, functions=replace(self.functions, off=off))


@dataclass
class Limits:
    """What the user has fixed; the search then tries nothing else."""

    activation: str = ""
    code: str = ""
    output: str = ""
    symmetric: bool | None = None
    windows: Sequence[Window] | None = None
    """Strides and paddings of the encoder's convolutions."""
    convolutions: Sequence[tuple[int, int]] = ()
    """Their channels and kernels, which the file must have."""

    @property
    def inner(self) -> Sequence[str]:
        return (self.activation,) if self.activation else INNER

    @property
    def outputs(self) -> Sequence[str]:
        return (self.output,) if self.output else OUTPUTS

    def scales(self, channels: int) -> list[Scale]:
        if self.symmetric is None:
            return scales(channels)
        name = "symmetric" if self.symmetric else "unit"
        return [Scale(name, name)]


def weighed(rarity: float) -> float:
    """What rarity weighs against the logarithm of the error. Each further unit weighs less: a network with odd strides
    has odd paddings too, and of two networks whose errors differ by a factor of three the likelier one is that with
    the lower error, however odd it is."""
    return 4 * PRIOR * math.log1p(rarity / 4)


def score(error: float, reading: Reading) -> float:
    return math.log(max(error, 1e-12)) + weighed(max(reading.rarity, 0.0))


def work(reading: Reading, shape: Shape) -> float:
    """Multiplications for one image, roughly."""
    return sum(works(reading.skeleton, reading.geometry, shape))


def works(skeleton: Skeleton, geometry: Geometry, shape: Shape) -> tuple[float, float]:
    """The same for the encoder and for the decoder."""
    count = len(skeleton.encoder)
    totals, side = [0.0, 0.0], float(shape[1] + 2 * geometry.pad)
    windows = iter((*geometry.encoder, *geometry.decoder))
    for number, part in enumerate(skeleton.parts):
        if part.kind == "linear":
            totals[number >= count] += part.weight.numel()
            continue
        if number == count or skeleton.parts[number - 1].kind == "linear":
            side = float(geometry.map[1]) if geometry.map and number else side
        window = next(windows)
        side *= max(window.upsample, 1)
        before = side
        side = side * window.stride if part.kind == "transposed" else side / window.stride
        totals[number >= count] += part.weight.numel() * (before if part.kind == "transposed" else side) ** 2
        side /= max(window.pool, 1)
    return totals[0], totals[1]


def silent(part: Any) -> bool:
    """Whether names show that neither an activation nor anything else without weights follows a layer."""
    return part.gap == 0 and not part.norm_gap
