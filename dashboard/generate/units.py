"""What real codes do in every unit: range, spread, histogram; or a gain for every channel where the code is a map."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

BINS = 24
DEAD_SPREAD = 1e-6
"""As in `aecore.latent`: a unit whose values differ by no more says the same for every image."""
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
    """The same for every image."""
    inactive: bool
    """Of a VAE: the mean hardly depends on the image, so that the decoder has learnt to look past this unit."""
    histogram: list[int]
    """Real codes by value from `low` to `high`, in `BINS` parts."""


def units_of(codes: np.ndarray, gaussian: bool) -> list[Unit]:
    """One entry a unit of real codes (N, n); `gaussian` says that they are the means of a VAE."""
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
    """One entry a channel of a map: how strongly it is turned up, from none to twice."""
    about = {"low": 0.0, "high": MOST_GAIN, "spread": 0.0, "dead": False, "inactive": False, "histogram": []}
    return [Unit(index=index, **about) for index in range(channels)]  # type: ignore[typeddict-item]
