"""What the units of a code carry: how many are active, how they correlate, and of how many dimensions the codes are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aecore.metrics.bootstrap import Interval, interval

ACTIVE_VARIANCE = 0.01
"""A unit is active when its mean varies by more than this over the images (Burda, Grosse and Salakhutdinov 2016,
section 5.2). The prior of a VAE fixes the scale; the code of a plain autoencoder has none of its own."""
CONSTANT_RANGE = 1e-6
"""A unit with a smaller range over all images is the same for every one."""
DISCARDED = 0.1
"""The two-nearest-neighbour estimate leaves out this share of the largest ratios, as its authors do."""


@dataclass(frozen=True)
class Units:
    """Every unit of the codes of N images."""

    variance: np.ndarray
    """Over the images, float64 (n,); of a VAE that of the means."""
    low: np.ndarray
    high: np.ndarray

    @property
    def active(self) -> int:
        """How many vary by more than `ACTIVE_VARIANCE`."""
        return int((self.variance > ACTIVE_VARIANCE).sum())

    @property
    def constant(self) -> int:
        return int((self.high - self.low <= CONSTANT_RANGE).sum())

    @property
    def never_fire(self) -> int:
        """How many are 0 for every image; after a ReLU that is for good."""
        return int(((self.low == 0) & (self.high == 0)).sum())

    @property
    def active_for_their_scale(self) -> int:
        """How many vary by more than a hundredth of the unit that varies most: for codes whose scale is free."""
        return int((self.variance > ACTIVE_VARIANCE * self.variance.max(initial=0)).sum())


def units(codes: np.ndarray) -> Units:
    """Describe codes (N, n)."""
    codes = np.asarray(codes)
    return Units(codes.var(axis=0, dtype=np.float64), codes.min(axis=0), codes.max(axis=0))


def correlation(codes: np.ndarray) -> np.ndarray:
    """Pearson's correlation of every two units of codes (N, n), float64 (n, n); NaN where a unit is constant."""
    codes = np.asarray(codes, np.float64)
    centred = codes - codes.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    spread[np.ptp(codes, axis=0) <= CONSTANT_RANGE] = np.nan
    return np.clip((centred.T @ centred) / len(codes) / np.outer(spread, spread), -1, 1)


def mean_correlation(matrix: np.ndarray) -> float | None:
    """The mean absolute correlation of two different units, 0 to 1; None where fewer than two vary."""
    apart = np.abs(matrix[np.triu_indices(len(matrix), 1)])
    apart = apart[np.isfinite(apart)]
    return float(apart.mean()) if len(apart) else None


def intrinsic_dimension(nearest: np.ndarray) -> Interval | None:
    """The two-nearest-neighbour estimate (Facco, d'Errico, Rodriguez and Laio 2017) from the distances of every point
    to its two nearest others, (N, 2).

    The ratio of the two is Pareto distributed with the dimension as its exponent, so −log(1 − F) is a line through 0
    in log μ, whose slope is fitted by least squares. Points with a copy of themselves are left out. None for fewer
    than ten points.
    """
    nearest = np.asarray(nearest, np.float64)
    nearest = nearest[nearest[:, 0] > 0]
    if len(nearest) < 10:
        return None
    logs = np.sort(np.log(nearest[:, 1] / nearest[:, 0]))

    def slopes(drawn: np.ndarray) -> np.ndarray:
        """The slope for points that are there so many times, (R, N); the ratios are sorted already."""
        total = drawn.sum(axis=1, keepdims=True)
        below = np.cumsum(drawn, axis=1)
        middle = (below - (drawn - 1) / 2) / total  # the mean of the ranks of a point's copies
        kept = np.where(middle <= 1 - DISCARDED, drawn, 0.0)
        line = -np.log1p(-np.minimum(middle, 1 - DISCARDED))
        return (kept * logs * line).sum(axis=1) / np.maximum((kept * logs**2).sum(axis=1), 1e-300)

    value = float(slopes(np.ones((1, len(logs))))[0])
    return interval(value, slopes, len(logs))
