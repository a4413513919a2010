"""What a search has tried so far: networks with their scores, and the work that this took."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from torch import Tensor

from aecore.interop.functions import reconstruct
from aecore.interop.reading import Limits, Reading, score, work
from aecore.models.layer import Shape

BUDGET = 5e10
"""Multiplications before the last stage; five to twenty seconds on two cores."""
A_CALL = 2e6
"""What running a network costs at least, in multiplications."""
BORDER = 5
IMAGES = 48
"""On how many images networks are scored."""


@dataclass
class Trials:
    shape: Shape
    """Of an image (C, H, W)."""
    images: Tensor
    """The images to try networks on, uint8 (N, C, H, W)."""
    limits: Limits
    spent: float = 0.0
    """Multiplications so far."""
    known: dict[tuple, float] = field(default_factory=dict)
    """The scores of networks by what distinguishes them."""
    readings: dict[tuple, Reading] = field(default_factory=dict)
    cut: bool = False
    """Whether geometries were left out."""

    def key(self, reading: Reading) -> tuple:
        """What distinguishes one network from another."""
        net = reading.network(self.shape)
        return net.encoder, net.decoder, net.symmetric, tuple(p.name for p in net.encoder_parts), reading.skeleton.how

    def score(self, reading: Reading) -> float:
        """A network's score; infinite where it does not fit together."""
        key = self.key(reading)
        if key not in self.known:
            images = self.images[:IMAGES]
            self.spend(work(reading, self.shape) * len(images))
            error = self._error(reading, images)
            self.known[key] = score(error, reading) if math.isfinite(error) else math.inf
            self.readings[key] = reading
        return self.known[key]

    def _error(self, reading: Reading, images: Tensor) -> float:
        try:
            return mean_error(reconstruct(reading.network(self.shape), images), images.float() / 255)
        except RuntimeError:
            return math.inf

    def spend(self, multiplications: float) -> None:
        """Count one call of a network."""
        self.spent += multiplications + A_CALL

    def over(self, share: float = 1.0) -> bool:
        """Whether that share of the budget is spent."""
        return self.spent > share * BUDGET


def mean_error(output: Tensor, truth: Tensor) -> float:
    """Mean squared error; infinite where it is no number."""
    error = float((output - truth).square().mean())
    return error if math.isfinite(error) else math.inf


def inside(images: Tensor) -> Tensor:
    """Images (N, C, H, W) without their border, a fifth of the side.

    Where a network was trained without padding, the same one with paddings on both sides computes the same in the
    middle, and often something better at the border, where the real one had little to see. So the border cannot tell
    which of them was trained."""
    down, across = (side // BORDER for side in images.shape[2:])
    return images[:, :, down : images.shape[2] - down, across : images.shape[3] - across]
