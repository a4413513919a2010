"""How well a score tells anomalies from the rest: ROC curve, its area, average precision, and thresholds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from aecore.metrics.bootstrap import Interval, interval

FALSE_ALARMS = (0.01, 0.05, 0.1)
"""Shares of normal images at which thresholds are given."""
CURVE_POINTS = 101


class Threshold(NamedTuple):
    """A score above which an image is called an anomaly."""

    false_alarms: float
    """The share of normal images that it was chosen for, on images that are no test images."""
    score: float
    caught: float
    """The share of the anomalies among the test images that are above it."""
    raised: float
    """The share of the normal test images that are."""


def area_under_roc(scores: np.ndarray, anomalous: np.ndarray) -> Interval:
    """The probability that an anomaly has a higher score than a normal image, ties counting half: scores (N,), bool
    (N,). With its interval over the images."""
    scores, anomalous = np.asarray(scores, np.float64), np.asarray(anomalous, bool)
    order = np.argsort(scores, kind="stable")
    bad, ranked = anomalous[order], scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))

    def of_counts(drawn: np.ndarray) -> np.ndarray:
        drawn = drawn[:, order]
        wrong = np.add.reduceat(drawn * bad, starts, axis=1)
        fine = np.add.reduceat(drawn * ~bad, starts, axis=1)
        below = np.cumsum(fine, axis=1) - fine / 2
        pairs = wrong.sum(axis=1) * fine.sum(axis=1)
        return (wrong * below).sum(axis=1) / np.where(pairs > 0, pairs, np.nan)

    return interval(float(roc_auc_score(anomalous, scores)), of_counts, len(scores))


def average_precision(scores: np.ndarray, anomalous: np.ndarray) -> float:
    """The mean precision over the anomalies, in the order of their scores."""
    return float(average_precision_score(anomalous, scores))


def roc(scores: np.ndarray, anomalous: np.ndarray) -> list[list[float]]:
    """The ROC curve as at most `CURVE_POINTS` pairs of false alarms and caught anomalies."""
    false, true, _ = roc_curve(anomalous, scores)
    at = np.linspace(0, 1, CURVE_POINTS)
    if len(false) <= CURVE_POINTS:
        return [[float(x), float(y)] for x, y in zip(false, true, strict=True)]
    return [[float(x), float(y)] for x, y in zip(at, np.interp(at, false, true), strict=True)]


def thresholds(held: np.ndarray, scores: np.ndarray, anomalous: np.ndarray) -> list[Threshold]:
    """Thresholds from the scores of normal images that are no test images, (M,), and what they do on the test
    images."""
    found = []
    for share in FALSE_ALARMS:
        limit = float(np.quantile(held, 1 - share))
        over = np.asarray(scores) > limit
        found.append(Threshold(share, limit, float(over[anomalous].mean()), float(over[~anomalous].mean())))
    return found
