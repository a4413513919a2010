"""Binarised MNIST: every pixel black or white, white with the probability of its brightness.

This is how likelihoods on MNIST are compared (Salakhutdinov and Murray 2008). The images here are drawn once, the same
on every machine; a training with `data.redraw` draws them anew from the grey images for every batch.
"""

from __future__ import annotations

import numpy as np

from aecore.data.image_set import Arrays

SEED = 5


def drawn_once(grey: Arrays) -> Arrays:
    """All images, drawn from one stream of random numbers: first those of training, then those of the test."""
    # NumPy guarantees that a bit generator's raw stream never changes.
    stream = np.random.PCG64(SEED)
    return grey._replace(x_train=binarised(grey.x_train, stream), x_test=binarised(grey.x_test, stream))


def binarised(grey: np.ndarray, stream: np.random.PCG64) -> np.ndarray:
    """uint8 (N, …) with 255 where a uniform number lies below the grey level's share of 255, else 0."""
    drawn = np.empty(grey.shape, np.uint8)
    for start in range(0, len(grey), 1000):  # in pieces, as the random numbers take twice the room of the images
        piece = np.asarray(grey[start : start + 1000])
        numbers = stream.random_raw(-(-piece.size // 4)).astype("<u8").view("<u2")[: piece.size]
        drawn[start : start + 1000] = np.where(_below(numbers.reshape(piece.shape), piece), 255, 0)
    return drawn


def _below(numbers: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Whether numbers of 16 bits, as shares of 2¹⁶, lie below the grey levels as shares of 255."""
    return numbers < np.round(grey / 255 * 2**16)
