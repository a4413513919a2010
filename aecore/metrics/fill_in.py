"""Baselines without a strength, each for one task: lost pixels from their surroundings, lost colours from the nearest
training image."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from skimage.restoration import inpaint_biharmonic

THREADS = 2
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue, as in `aecore.data.degradation`."""
BLOCK = 200
"""So many images are compared with all training images at a time."""


def inpaint(images: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Images float (N, C, H, W) on the [0, 1] scale with the lost pixels, bool (N, 1, H, W), filled by a biharmonic
    surface through the others (scikit-image); float32, clamped to [0, 1] there. An image without any other is kept."""

    def one(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        image, hole = pair[0].astype(np.float32), pair[1][0]
        if hole.all() or not hole.any():
            return image
        filled = inpaint_biharmonic(image.astype(np.float64), hole, channel_axis=0)
        return np.where(hole, np.clip(np.nan_to_num(filled), 0, 1), image).astype(np.float32)

    with ThreadPoolExecutor(THREADS) as pool:
        return np.stack(list(pool.map(one, zip(images, lost, strict=True))))


def colourise(images: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Grey images float (N, 3, H, W) on the [0, 1] scale in the colours of the nearest training image.

    `train` is uint8 (M, 3, H, W); nearest is the one whose luma has the smallest squared error. The luma stays. Returns
    float32, clamped to [0, 1]."""
    known = _luma(train).reshape(len(train), -1)
    squares = (known**2).sum(1)
    found = np.empty(images.shape, np.float32)
    for start in range(0, len(images), BLOCK):
        part = images[start : start + BLOCK].astype(np.float32)
        luma = np.einsum("c,nchw->nhw", LUMA, part)
        nearest = np.argmin(squares - 2 * (luma.reshape(len(part), -1) @ known.T), axis=1)
        chroma = train[nearest].astype(np.float32) / 255 - known[nearest].reshape(luma.shape)[:, None]
        found[start : start + BLOCK] = np.clip(luma[:, None] + chroma, 0, 1)
    return found


def _luma(images: np.ndarray) -> np.ndarray:
    """The luma of uint8 images (M, 3, H, W), float32 (M, H, W) in [0, 1], some at a time."""
    luma = np.empty((len(images), *images.shape[2:]), np.float32)
    for start in range(0, len(images), 1000):
        part = images[start : start + 1000]
        luma[start : start + 1000] = np.einsum("c,nchw->nhw", LUMA / 255, part.astype(np.float32))
    return luma
