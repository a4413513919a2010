"""Corrupting images, on their device, from a seeded generator."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.experiment import Corruption


def corrupt(images: Tensor, corruption: Corruption, generator: torch.Generator) -> Tensor:
    """The corrupted images, a new tensor; `images` itself when the corruption is none.

    `images` is float (B, C, H, W) in [0, 1], `generator` lives on the same device. A pixel hit by masking or
    salt-and-pepper noise is hit in all its channels. Gaussian noise leaves [0, 1] unless it is clamped.
    """
    if corruption.kind == "none" or corruption.level == 0:
        return images
    batch, _, height, width = images.shape
    if corruption.kind == "gaussian":
        noise = torch.randn(images.shape, generator=generator, device=images.device, dtype=images.dtype)
        noisy = noise.mul_(corruption.level).add_(images)
        return noisy.clamp_(0, 1) if corruption.clamp else noisy
    draw = torch.rand((batch, 1, height, width), generator=generator, device=images.device)
    hit = draw < corruption.level
    if corruption.kind == "masking":
        return images.masked_fill(hit, 0)
    # A hit pixel's draw is uniform in [0, level), so halving that range is a fair coin.
    white = (draw < corruption.level / 2).to(images.dtype)
    return torch.where(hit, white, images)
