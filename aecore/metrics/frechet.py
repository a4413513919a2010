"""The Fréchet distance of two sets of features (Dowson and Landau 1982; Heusel et al. 2017): of the normal
distributions with their means and covariances, |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½). 0 for equal sets; it has the unit
of a squared feature, so distances are compared only within one feature extractor and one number of images.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aecore.metrics.bootstrap import Interval, interval

RESAMPLES = 200


class Moments(NamedTuple):
    """Mean (n,) and covariance (n, n) of features, float64."""

    mean: np.ndarray
    covariance: np.ndarray


def moments(features: np.ndarray) -> Moments:
    """Of features (N, n), at least two; the covariance divides by N − 1."""
    features = np.asarray(features, np.float64)
    return Moments(features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False)))


def distance(one: Moments, other: Moments) -> float:
    """The squared Fréchet distance, ≥ 0.

    The trace of the root of Σ₁Σ₂ is that of the symmetric Σ₁^½ Σ₂ Σ₁^½, whose eigenvalues are never negative.
    """
    root = _root(one.covariance)
    values = np.linalg.eigvalsh(root @ other.covariance @ root)
    trace = np.trace(one.covariance) + np.trace(other.covariance) - 2 * np.sqrt(np.maximum(values, 0)).sum()
    return max(0.0, float(np.square(one.mean - other.mean).sum() + trace))


def distance_interval(test: np.ndarray, other: np.ndarray) -> Interval:
    """The distance of features of test images (N, n) from others (M, n), with the interval over the test images."""
    test, fixed = np.asarray(test, np.float64), moments(other)

    def of_counts(drawn: np.ndarray) -> np.ndarray:
        found = []
        for row in drawn:
            mean = row @ test / row.sum()
            weighted = (test * row[:, None]).T @ test
            covariance = (weighted - row.sum() * np.outer(mean, mean)) / (row.sum() - 1)
            found.append(distance(fixed, Moments(mean, covariance)))
        return np.array(found)

    return interval(distance(moments(test), fixed), of_counts, len(test), RESAMPLES)


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
