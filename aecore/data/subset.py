"""Choosing images that represent a whole set."""

from __future__ import annotations

import numpy as np

MOST_POINTS = 10_000
"""The most images whose codes are saved."""


def evenly_spaced(count: int, points: int = MOST_POINTS) -> np.ndarray:
    """Indices of `points` images evenly spread over a set of `count`, int64, ascending."""
    return np.unique(np.linspace(0, count - 1, min(points, count)).round().astype(np.int64))
