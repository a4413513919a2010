"""How faithful a projection of codes is: trustworthiness and kNN accuracy."""

from __future__ import annotations

import numpy as np

NEIGHBOURS = 10
"""The k of both metrics."""


def quality(codes: np.ndarray, points: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Trustworthiness of the projected `points` (N, dims), and kNN accuracy in them and in the `codes` (N, n)."""
    return {
        "trustworthiness": trustworthiness(codes, points),
        "knn_accuracy": knn_accuracy(points, labels),
        "code_knn_accuracy": knn_accuracy(codes, labels),
    }


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
