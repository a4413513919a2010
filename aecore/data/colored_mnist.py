"""Coloured MNIST: grey × colour, with a colour for each class as in report 004, or for each image."""

from __future__ import annotations

import numpy as np

from aecore.data.image_set import Arrays

PALETTE = np.array(
    [
        (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1),
        (0, 1, 1), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5), (0.5, 0.5, 0.5),
    ]
)  # fmt: skip
"""Report 004's colour of each digit, RGB in [0, 1]."""

SEED = 4


def by_class(grey: Arrays) -> Arrays:
    """Every digit in the colour of its class in `PALETTE`, so that the colour reveals the label."""
    return grey._replace(
        x_train=tint(grey.x_train, PALETTE[grey.y_train]), x_test=tint(grey.x_test, PALETTE[grey.y_test])
    )


def at_random(grey: Arrays) -> Arrays:
    """Every image in a colour of its own: a random hue at full saturation and value, the same on every machine."""
    train, total = len(grey.x_train), len(grey.x_train) + len(grey.x_test)
    # NumPy guarantees that a bit generator's raw stream never changes, but not that of `Generator.random`.
    hues = (np.random.PCG64(SEED).random_raw(total) >> np.uint64(11)) * 2.0**-53
    colors = pure_color(hues)
    return grey._replace(x_train=tint(grey.x_train, colors[:train]), x_test=tint(grey.x_test, colors[train:]))


def pure_color(hue: np.ndarray) -> np.ndarray:
    """RGB (N, 3) in [0, 1] of hues (N,) in [0, 1) at full saturation and value (Smith, SIGGRAPH 1978)."""
    sixths = 6 * hue[:, None]
    return np.clip([-1, 2, 2] + [1, -1, -1] * np.abs(sixths - [3, 2, 4]), 0, 1)


def tint(grey: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """uint8 (N, 1, H, W) times RGB (N, 3) in [0, 1], rounded to uint8 (N, 3, H, W)."""
    height, width = grey.shape[2:]
    # Half of an odd grey level lies between two levels: it is rounded up on the black fields of a chessboard, down on
    # the white ones. As 253 is the most frequent odd level, one rule for all would shift the set's mean square
    # (0.042188 over the test images by class): by 0.00001 to the nearest even level, by 0.00004 upwards.
    half = np.where(np.indices((height, width)).sum(axis=0) % 2, 0.5, 0.5 - 2.0**-20)
    tinted = np.empty((len(grey), 3, height, width), np.uint8)
    for start in range(0, len(grey), 1000):  # in pieces, as the products are eight times as large as the images
        piece = slice(start, start + 1000)
        tinted[piece] = grey[piece] * colors[piece, :, None, None] + half
    return tinted
