"""The nearest neighbours of points, found by comparing all, a block of rows at a time."""

from __future__ import annotations

import numpy as np
import torch

ROWS, SPARE = 500, 10


def nearest(points: np.ndarray, queries: np.ndarray | None = None, count: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """The `count` nearest of `points` (M, n) for every one of `queries` (N, n): Euclidean distances float32, and rows,
    int64, both (N, count), the nearest first. Without queries, of every point among the others.

    Raises `ValueError` for fewer points than that.
    """
    own = queries is None
    where = torch.from_numpy(np.ascontiguousarray(points, np.float32))
    asked = where if queries is None else torch.from_numpy(np.ascontiguousarray(queries, np.float32))
    if len(where) < count + own:
        raise ValueError(f"{len(where)} points have no {count} neighbours")
    centre = where.mean(0)  # distances are small differences of products: the closer to zero, the less is lost
    where, asked = where - centre, asked - centre
    squares, distances, rows = where.square().sum(1), [], []
    # Rounding may swap points at nearly the same distance: some more are compared exactly.
    candidates = min(2 * count + SPARE, len(where) - own)
    for start in range(0, len(asked), ROWS):
        part = asked[start : start + ROWS]
        apart = torch.addmm(squares, part, where.T, alpha=-2)  # less the part's own squares, the same for a row
        if own:
            apart[torch.arange(len(part)), torch.arange(start, start + len(part))] = torch.inf
        near = apart.topk(candidates, dim=1, largest=False).indices
        exact = torch.empty(near.shape)
        for number, found in enumerate(near.unbind(1)):
            exact[:, number] = (part - where[found]).square().sum(1)
        first = exact.topk(count, dim=1, largest=False, sorted=True)
        distances.append(first.values.sqrt())
        rows.append(near.gather(1, first.indices))
    return torch.cat(distances).numpy(), torch.cat(rows).numpy()


def votes(labels: np.ndarray, rows: np.ndarray, classes: int) -> np.ndarray:
    """The most frequent label (M,) among the neighbours `rows` (N, k) of each query, int64 (N,); of as many votes the
    lower label."""
    given = labels[rows].astype(np.int64)
    counted = np.zeros((len(rows), classes), np.int64)
    for column in given.T:
        counted[np.arange(len(rows)), column] += 1
    return counted.argmax(axis=1)
