"""How faithful a projection of codes is: trustworthiness and kNN accuracy; and whether there is anything to project."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np

NEIGHBOURS = 10
"""The k of both metrics."""
EQUAL_RANGE = 1e-6
"""Codes whose units have at most this range are equal: the units are dead, and what is left is rounding."""
ROUNDING = 64 * float(np.finfo(np.float32).eps)
"""So are codes that differ by this share of the largest value: what float32 leaves of a sum of some hundred terms."""


def quality(codes: np.ndarray, points: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Trustworthiness of the projected `points` (N, dims), and kNN accuracy in them and in the `codes` (N, n).

    Equal codes have no neighbours, so there is nothing to measure: an empty result. With a single label, `labels` (N,),
    every vote is right, so the accuracies are left out.
    """
    if equal_codes(codes) == len(codes):
        return {}
    found = {"trustworthiness": trustworthiness(codes, points)}
    if len(np.unique(labels)) > 1:
        found |= {"knn_accuracy": knn_accuracy(points, labels), "code_knn_accuracy": knn_accuracy(codes, labels)}
    return found


def equal_codes(codes: np.ndarray) -> int:
    """How many of the codes (N, n) are the same, that is the most frequent one; N where they differ by rounding only.

    1 where all differ. Codes that are not finite are not judged.
    """
    codes = np.ascontiguousarray(codes, np.float32)
    if not codes.size or not np.isfinite(codes).all():
        return min(1, len(codes))
    if np.ptp(codes, axis=0).max() <= max(EQUAL_RANGE, ROUNDING * float(np.abs(codes).max())):
        return len(codes)
    rows = Counter(hashlib.blake2b((row + 0.0).tobytes(), digest_size=16).digest() for row in codes)  # −0 is 0
    return rows.most_common(1)[0][1]


def trustworthiness(codes: np.ndarray, points: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """How far neighbours in the projection are neighbours in the codes, 0 to 1 (Venna and Kaski 2001).

    1 − 2 / (N·k·(2N − 3k − 1)) · Σ over points i and their projected neighbours j of max(0, rank of j in the codes −
    k). Needs k < N / 2. Memory grows with N, not with N².
    """
    count = len(codes)
    if neighbours >= count / 2:
        raise ValueError(f"{neighbours} neighbours are too many for {count} points")
    projected = _nearest(points, neighbours)
    codes = np.asarray(codes, np.float64)
    squares = np.einsum("ij,ij->i", codes, codes)
    penalty = 0.0
    for start in range(0, count, 200):
        rows = slice(start, min(start + 200, count))
        distances = squares[None] - 2 * codes[rows] @ codes.T  # without the row's own square, which changes no rank
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        of_neighbours = np.take_along_axis(distances, projected[rows], axis=1)
        # Counting the nearer points takes a quarter of the time of sorting every row.
        nearer = [
            [np.count_nonzero(line < own) for own in owns] for line, owns in zip(distances, of_neighbours, strict=True)
        ]
        penalty += float(np.maximum(np.array(nearer) + 1 - neighbours, 0).sum())
    return 1 - penalty * 2 / (count * neighbours * (2 * count - 3 * neighbours - 1))


def knn_accuracy(points: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """Share of points whose label is the most frequent among their nearest neighbours (without themselves)."""
    near = labels[_nearest(points, neighbours)]
    classes = np.unique(labels)
    votes = np.stack([(near == label).sum(1) for label in classes], axis=1)
    return float(np.mean(classes[votes.argmax(1)] == labels))


def _nearest(points: np.ndarray, neighbours: int) -> np.ndarray:
    """Indices of the nearest neighbours of every point, without itself, int (N, k)."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=neighbours).fit(points)
    return search.kneighbors(return_distance=False)
