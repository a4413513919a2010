"""Principal component analysis of images: the best linear code of every size, which any other must be held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LARGEST = 4096
"""Images of more values are not analysed: the time grows with the cube."""
_ROWS = 5000


@dataclass(frozen=True)
class Pca:
    """The mean and all components of a set of images on the [0, 1] scale."""

    mean: np.ndarray
    """float32 (D,)."""
    components: np.ndarray
    """float32 (D, K), orthonormal columns, the one with the largest variance first."""

    @property
    def size(self) -> int:
        return self.components.shape[1]

    def codes(self, images: np.ndarray, k: int) -> np.ndarray:
        """The first `k` coordinates of images uint8 or float [0, 1] (N, …), float32 (N, k)."""
        return np.concatenate([(part - self.mean) @ self.components[:, :k] for part in _parts(images)])

    def decoded(self, codes: np.ndarray) -> np.ndarray:
        """Images float32 (N, D) from codes (N, k), not clamped."""
        return codes.astype(np.float32) @ self.components[:, : codes.shape[1]].T + self.mean

    def errors(self, images: np.ndarray) -> np.ndarray:
        """The mean squared error over all images with 0, 1, … K components, float64 (K + 1,)."""
        total, explained, count = 0.0, np.zeros(self.size), 0
        for part in _parts(images):
            apart = part - self.mean
            total += float(np.square(apart, dtype=np.float64).sum())
            explained += np.square(apart @ self.components, dtype=np.float64).sum(axis=0)
            count += apart.size
        return (total - np.concatenate([[0.0], np.cumsum(explained)])) / count

    def errors_by_image(self, images: np.ndarray, k: int) -> np.ndarray:
        """The mean squared error of each image with `k` components, float64 (N,)."""
        found = []
        for part in _parts(images):
            apart = part - self.mean
            rest = apart - (apart @ self.components[:, :k]) @ self.components[:, :k].T
            found.append(np.square(rest, dtype=np.float64).mean(axis=1))
        return np.concatenate(found)


def fit(images: np.ndarray) -> Pca:
    """The components of images uint8 (N, …); at most N − 1 of them.

    Raises `ValueError` for images of more than `LARGEST` values.
    """
    size = int(np.prod(images.shape[1:]))
    if size > LARGEST:
        raise ValueError(f"images of {size:,} values are too large for all their principal components")
    total, products = np.zeros(size), np.zeros((size, size))
    for part in _parts(images):
        total += part.sum(axis=0, dtype=np.float64)
    mean = total / len(images)
    for part in _parts(images):
        apart = part - mean.astype(np.float32)
        products += apart.T @ apart
    offset = mean - mean.astype(np.float32)
    covariance = products / len(images) - np.outer(offset, offset)
    # Ascending; of as many images as values the last ones are noise.
    components = np.linalg.eigh(covariance)[1][:, ::-1][:, : min(size, len(images) - 1)]
    return Pca(mean.astype(np.float32), np.ascontiguousarray(components, np.float32))


def _parts(images: np.ndarray):
    """Images a few thousand at a time, float32 (n, D) on the [0, 1] scale."""
    for start in range(0, len(images), _ROWS):
        part = np.asarray(images[start : start + _ROWS])
        flat = part.reshape(len(part), -1)
        yield flat.astype(np.float32) / np.float32(255) if flat.dtype == np.uint8 else flat.astype(np.float32)
