"""What happens in the code: units that have died."""

from __future__ import annotations

import torch
from torch import Tensor

DEAD_SPREAD = 1e-6


class CodeRange:
    """The smallest and largest value of every latent unit over all codes seen, kept on their device."""

    def __init__(self) -> None:
        self.low: Tensor | None = None
        self.high: Tensor | None = None

    def add(self, codes: Tensor) -> None:
        """Take in codes (B, n)."""
        low, high = codes.amin(0), codes.amax(0)
        self.low = low if self.low is None else torch.minimum(self.low, low)
        self.high = high if self.high is None else torch.maximum(self.high, high)

    def dead_units(self) -> int:
        """How many units said the same for every image: their values spread over no more than 1e-6.

        A dead ReLU unit is 0 for every image; a unit of any other function is as useless when it is constant.
        Raises `ValueError` when no codes were added.
        """
        if self.low is None or self.high is None:
            raise ValueError("no codes were added")
        return int(((self.high - self.low) <= DEAD_SPREAD).sum())
