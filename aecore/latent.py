"""What happens in the code: how widely each unit speaks, and units that have died."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

DEAD_SPREAD = 1e-6


class CodeRange:
    """Range and spread of every latent unit over all codes seen, kept on their device."""

    def __init__(self) -> None:
        self.low: Tensor | None = None
        self.high: Tensor | None = None
        self.count = 0
        self.sum = self.squares = torch.zeros(())

    def add(self, codes: Tensor) -> None:
        """Take in codes (B, n)."""
        low, high = codes.amin(0), codes.amax(0)
        if self.low is None:
            self.sum = torch.zeros(codes.shape[1], dtype=torch.float64).to(codes.device, _sum_type(codes))
            self.squares = torch.zeros_like(self.sum)
        self.count += len(codes)
        self.sum += codes.sum(0)
        self.squares += codes.square().sum(0)
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

    def std(self) -> np.ndarray:
        """Standard deviation of every unit over all codes, float (n,); 0 for a dead one."""
        if not self.count:
            raise ValueError("no codes were added")
        mean = self.sum / self.count
        return (self.squares / self.count - mean.square()).clamp_(min=0).sqrt().cpu().numpy()


def _sum_type(codes: Tensor) -> torch.dtype:
    """Double precision where the device has it."""
    return torch.float32 if codes.device.type == "mps" else torch.float64
