"""TODO docstring."""

from __future__ import annotations

import numpy as np

NEIGHBOURS = 10


def quality(codes: np.ndarray, points: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Trustworthiness, and how many labels the ten nearest neighbours tell, in the drawing and in the codes."""
    return {
        "trustworthiness": trustworthiness(codes, points),
        "knn_accuracy": knn_accuracy(points, labels),
        "code_knn_accuracy": knn_accuracy(codes, labels),
    }


def trustworthiness(codes: np.ndarray, points: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """How far neighbours in the drawing are neighbours in the codes, 0 to 1 (Venna and Kaski 2001).

    1 − 2 / (N·k·(2N − 3k − 1)) · Σ over points i and drawn neighbours j of max(0, rank of j in the codes − k). Needs
    k < N / 2. Memory grows with N only, not with N².
    """
    count = len(codes)
    if neighbours >= count / 2:
        raise ValueError(f"{neighbours} neighbours are too many for {count} points")
    drawn = _nearest(points, neighbours)
    codes = np.asarray(codes, np.float64)
    squares = np.einsum("ij,ij->i", codes, codes)
    penalty = 0.0
    for start in range(0, count, 200):
        rows = slice(start, min(start + 200, count))
        distances = squares[None] - 2 * codes[rows] @ codes.T  # the row's own square changes no rank
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        theirs = np.take_along_axis(distances, drawn[rows], axis=1)
        # Counting who is nearer takes a quarter of the time of sorting every row.
        nearer = [[np.count_nonzero(line < own) for own in owns] for line, owns in zip(distances, theirs, strict=True)]
        penalty += float(np.maximum(np.array(nearer) + 1 - neighbours, 0).sum())
    return 1 - penalty * 2 / (count * neighbours * (2 * count - 3 * neighbours - 1))


def knn_accuracy(points: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """Share of points whose label is the commonest among their nearest neighbours, themselves left out."""
    near = labels[_nearest(points, neighbours)]
    classes = np.unique(labels)
    votes = np.stack([(near == label).sum(1) for label in classes], axis=1)
    return float(np.mean(classes[votes.argmax(1)] == labels))


def _nearest(points: np.ndarray, neighbours: int) -> np.ndarray:
    """Numbers of the nearest points of every point, itself left out, int (N, k)."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=neighbours).fit(points)
    return search.kneighbors(return_distance=False)
