"""95 % intervals by the bootstrap over images (Efron 1979): how far a number would move with other test images.

The percentile interval of `RESAMPLES` sets of as many images, drawn with replacement from one seed, so that a
number and its interval are the same each time, and two models are resampled alike.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

RESAMPLES = 1000
SEED = 0
TAILS = (2.5, 97.5)
"""The percentiles between which 95 % lie."""
_AT_ONCE = 100


class Interval(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return self._asdict()


@lru_cache(2)
def counts(images: int, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each of the images is in each resample, uint8 (resamples, images); every row sums to `images`."""
    rng = np.random.default_rng(SEED)
    drawn = np.empty((resamples, images), np.uint8)
    for row in drawn:
        row[:] = np.bincount(rng.integers(0, images, images), minlength=images)
    drawn.setflags(write=False)
    return drawn


def mean_interval(values: np.ndarray) -> Interval:
    """The mean of one value an image, (N,), with its interval. Raises `ValueError` without any."""
    values = np.asarray(values, np.float64)
    if not len(values):
        raise ValueError("a mean needs at least one value")
    return Interval(float(values.mean()), *_tails(resampled(lambda rows: rows @ values / len(values), len(values))))


def interval(value: float, of_counts: Callable[[np.ndarray], np.ndarray], images: int, resamples: int = RESAMPLES):
    """`value` with the interval of the statistic that `of_counts` computes of counts, float (R, images) -> (R,)."""
    return Interval(float(value), *_tails(resampled(of_counts, images, resamples)))


def resampled(of_counts: Callable[[np.ndarray], np.ndarray], images: int, resamples: int = RESAMPLES) -> np.ndarray:
    """The statistic of every resample, (resamples,)."""
    drawn = counts(images, resamples)
    parts = [of_counts(drawn[start : start + _AT_ONCE].astype(np.float64)) for start in range(0, resamples, _AT_ONCE)]
    return np.concatenate(parts)


def _tails(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, TAILS)
    return float(low), float(high)
