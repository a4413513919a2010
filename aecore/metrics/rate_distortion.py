"""Rate and distortion: how many bytes an image costs, against its error, for codes and for image formats."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

BITS = (32, 16, 8, 4)
"""Bits for each number of a code."""
QUALITIES = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
"""Of the image formats."""


class Point(NamedTuple):
    """What an image costs in bytes in the mean, and its mean squared error on the [0, 1] scale."""

    bytes: float
    mse: float
    setting: int
    """Bits a number, components or quality."""


class Quantiser:
    """Rounds every unit of a code to the levels that its bits allow, between its lowest and highest training code.

    32 and 16 bits are the floating point formats; fewer are evenly spaced levels, and what lies outside becomes the
    outermost one.
    """

    def __init__(self, training_codes: np.ndarray, bits: int) -> None:
        self.bits = bits
        self.low, high = training_codes.min(axis=0), training_codes.max(axis=0)
        self.step = np.maximum(high - self.low, 1e-12) / ((1 << bits) - 1) if bits < 16 else None

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Codes (N, n) as they come out again, float32."""
        if self.bits == 32:
            return codes.astype(np.float32)
        if self.step is None:
            return codes.astype(np.float16).astype(np.float32)
        levels = np.clip(np.rint((codes - self.low) / self.step), 0, (1 << self.bits) - 1)
        return (levels * self.step + self.low).astype(np.float32)


def code_bytes(units: int, bits: int) -> float:
    """What a code costs; what the decoder costs once is not counted, like an image format's program."""
    return units * bits / 8


def image_format(images: np.ndarray, name: str, quality: int) -> Point:
    """Images uint8 (N, 1 or 3, H, W) as files of "jpeg" or "webp": whole files, with what heads them."""
    sizes, errors = [], []
    for image in images:
        grey = len(image) == 1
        before = Image.fromarray(image[0] if grey else image.transpose(1, 2, 0))
        file = io.BytesIO()
        before.save(file, name, quality=quality)
        sizes.append(file.tell())
        with Image.open(file) as opened:
            after = np.asarray(opened.convert("L" if grey else "RGB"), np.float32)
        errors.append(np.square(after - np.asarray(before, np.float32)).mean() / 255**2)
    return Point(float(np.mean(sizes)), float(np.mean(errors)), quality)
