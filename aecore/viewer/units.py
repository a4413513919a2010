"""Range, spread and histogram of the real codes in every unit; or a gain per channel if the code is a map."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

BINS = 24
DEAD_SPREAD = 1e-6
"""As in `aecore.latent`: a unit whose values differ by no more is constant."""
ACTIVE_VARIANCE = 0.01
"""Least variance of a VAE's mean over images for an active unit: Burda, Grosse and Salakhutdinov, "Importance
Weighted Autoencoders", ICLR 2016, section 5."""
MOST_GAIN = 2.0


class Unit(TypedDict):
    index: int
    low: float
    high: float
    spread: float
    """Standard deviation."""
    dead: bool
    """Constant over all images."""
    inactive: bool
    """For a VAE: the mean hardly depends on the image, so the decoder has learnt to ignore this unit."""
    histogram: list[int]
    """Real codes by value from `low` to `high`, in `BINS` bins."""


def units_of(codes: np.ndarray, gaussian: bool) -> list[Unit]:
    """One entry per unit of real codes (N, n); `gaussian` means that they are the means of a VAE."""
    found: list[Unit] = []
    for index, values in enumerate(codes.T):
        low, high = float(values.min()), float(values.max())
        dead = high - low <= DEAD_SPREAD
        counts = [] if dead else np.histogram(values, BINS, (low, high))[0].tolist()
        spread = float(values.std(dtype=np.float64))
        inactive = gaussian and not dead and spread**2 < ACTIVE_VARIANCE
        about = {"index": index, "low": low, "high": high, "spread": spread, "dead": dead, "inactive": inactive}
        found.append(Unit(**about, histogram=counts))  # type: ignore[typeddict-item]
    return found


def gains_of(channels: int) -> list[Unit]:
    """One entry per channel of a map: its gain, from 0 to 2."""
    about = {"low": 0.0, "high": MOST_GAIN, "spread": 0.0, "dead": False, "inactive": False, "histogram": []}
    return [Unit(index=index, **about) for index in range(channels)]  # type: ignore[typeddict-item]
