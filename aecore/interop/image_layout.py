"""How another program lays out images and scales them, which its file does not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aecore.interop.functions import NORMALISATIONS

TO, FROM = (1, 2, 0), (2, 0, 1)
"""The axes of an image (C, H, W) as (H, W, C), and back."""


@dataclass(frozen=True)
class Layout:
    """The axes of an image."""

    name: str
    shape: tuple[int, ...]
    """Of one image."""
    permutation: tuple[int, int, int] | None = None
    """Of the axes (C, H, W), before the image is reshaped; None where they stay."""

    def laid_out(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) in this layout."""
        moved = images.permute(0, *(axis + 1 for axis in self.permutation)) if self.permutation else images
        return moved.reshape(len(images), *self.shape)

    def back(self, images: Tensor, image_shape: tuple[int, int, int]) -> Tensor:
        """Images in this layout as (N, C, H, W)."""
        channels, height, width = image_shape
        if self.permutation is None:
            return images.reshape(len(images), *image_shape)
        return images.reshape(len(images), height, width, channels).permute(0, *(axis + 1 for axis in FROM))


def layouts(image_shape: tuple[int, int, int], shape: tuple[int, ...]) -> Iterator[Layout]:
    """The layouts in which an image (C, H, W) has this shape, the most usual first."""
    channels, height, width = image_shape
    if shape == image_shape:
        yield Layout("channels first", shape)
    if shape == (height, width, channels) and (channels > 1 or shape != image_shape):
        yield Layout("channels last", shape, TO)
    if channels == 1 and shape == (height, width):
        yield Layout("no channels", shape)
    if shape == (channels * height * width,):
        yield Layout("rows", shape)
        if channels > 1:
            yield Layout("rows, channels last", shape, TO)


@dataclass(frozen=True, eq=False)
class Scale:
    """From the [0, 1] scale to that of a network: (value - mean) / deviation, both (C, 1, 1) float32."""

    name: str
    text: str
    mean: np.ndarray
    deviation: np.ndarray
    plain: bool = False
    """Whether nothing needs to be done: the scale is that of the model's range."""
    logits: bool = False
    """Whether what comes out must go through a sigmoid."""
    rarity: float = 0.0
    """How unusual it is."""

    def scaled(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) from the [0, 1] scale."""
        return (images - torch.from_numpy(self.mean)) / torch.from_numpy(self.deviation)

    def back(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) to the [0, 1] scale."""
        if self.logits:
            return torch.sigmoid(images)
        return images * torch.from_numpy(self.deviation) + torch.from_numpy(self.mean)


def scales(channels: int) -> list[Scale]:
    """The scales of images that are tried, the most usual first."""
    made = [
        _scale("unit", "in [0, 1]", [0.0], [1.0], channels, 0.0),
        _scale("symmetric", "in [-1, 1]", [0.5], [0.5], channels, 0.2),
        _scale("bytes", "from 0 to 255", [0.0], [1 / 255], channels, 0.4),
    ]
    for numbers in NORMALISATIONS.get(channels, ()):
        mean, deviation = ([float(part) for part in side.split(",")] for side in numbers.split("/"))
        made.append(_scale(numbers, f"normalised by {numbers}", mean, deviation, channels, 0.6))
    return made


def logits(channels: int) -> Scale:
    """Outputs that a sigmoid was meant for, as with a loss of logits."""
    one = np.ones((channels, 1, 1), np.float32)
    return Scale("logits", "as logits", 0 * one, one, logits=True, rarity=0.4)


def _scale(name: str, text: str, mean: list[float], deviation: list[float], channels: int, rarity: float) -> Scale:
    one = np.ones((channels, 1, 1), np.float32)
    first, second = (one * np.array(side, np.float32).reshape(-1, 1, 1) for side in (mean, deviation))
    return Scale(name, text, first, second, rarity=rarity)
