"""Principal axes whose directions are always the same: t-SNE begins with them, and a film over the epochs is seen along
them."""

from __future__ import annotations

import numpy as np


def principal_axes(centred: np.ndarray, dims: int) -> np.ndarray:
    """The first principal axes of codes (N, n) around zero, (n, dims). Either direction is an eigenvector: here the
    largest number of an axis is positive."""
    values, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, np.argsort(values)[::-1][:dims]]
    return axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(dims)])
