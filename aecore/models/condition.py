"""What a network is told beside the image: its class, and how strong its noise is."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

UNKNOWN = -1
"""The class of an image whose class is not known; networks are trained with such images too."""
HIDDEN_CLASSES = 0.1
"""The share of training images whose class is hidden (Ho and Salimans 2022), so that a network can do without."""
MEDIAN = 0.6745
"""Of the absolute value of a standard normal variable."""


class Condition(NamedTuple):
    """Of each image of a batch its class, int64 (B,), and the standard deviation of its noise in the model's range,
    float (B,); None for what is not known. Networks take what they use."""

    classes: Tensor | None = None
    levels: Tensor | None = None

    def split(self, size: int, count: int) -> list[Condition]:
        """The conditions of batches of `size`, of `count` images in all."""
        starts = range(0, count, size)
        return [Condition(*(None if part is None else part[at : at + size] for part in self)) for at in starts]


NOTHING = Condition()


def one_hot(classes: Tensor | None, count: int, like: Tensor) -> Tensor:
    """(B, count) in the type and on the device of `like`: 1 at an image's class, and zeros where it is not known."""
    if classes is None:
        return like.new_zeros((len(like), count))
    return (classes[:, None] == torch.arange(count, device=like.device)).to(like.dtype)


def estimated_levels(images: Tensor) -> Tensor:
    """The standard deviation of Gaussian noise in images (B, C, H, W), (B,), from their finest diagonal differences.

    Those are almost free of image, so that their median absolute value is that of the noise: 0.6745 σ (Donoho and
    Johnstone 1994). Too high for images with fine texture.
    """
    return finest_differences(images).median(1).values / MEDIAN


def finest_differences(images: Tensor) -> Tensor:
    """Their sizes, (B, n)."""
    values = images.float()
    corner = values[..., :-1, :-1] - values[..., 1:, :-1] - values[..., :-1, 1:] + values[..., 1:, 1:]
    return (corner / 2).abs().flatten(1)
