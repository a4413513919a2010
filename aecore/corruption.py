"""Corrupting images, on their device, from a seeded generator."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.settings import Corruption


def corrupt(
    images: Tensor, corruption: Corruption, generator: torch.Generator, low: float = 0.0, high: float = 1.0
) -> Tensor:
    """The corrupted images, a new tensor; `images` itself when the corruption changes nothing.

    `images` is float (B, C, H, W) in [`low`, `high`], `generator` lives on the same device. Noise comes first, then
    occlusion; both hit a pixel in all its channels, except Gaussian noise, which is drawn for every value. Gaussian
    noise leaves the range unless it is clamped.
    """
    if corruption.level > 0:
        images = _noise(images, corruption, generator, low, high)
    if corruption.occlusion != "none":
        images = images.masked_fill(_occluded(images, corruption, generator), low)
    return images


def _noise(images: Tensor, corruption: Corruption, generator: torch.Generator, low: float, high: float) -> Tensor:
    if corruption.std:
        noisy = _normal(images, generator).mul_(corruption.std).add_(images)
        return noisy.clamp_(low, high) if corruption.clamp else noisy
    batch, _, height, width = images.shape
    draw = torch.rand((batch, 1, height, width), generator=generator, device=images.device)
    hit = draw < corruption.level
    if corruption.kind == "masking":
        return images.masked_fill(hit, low)
    # A hit pixel's draw is uniform in [0, level), so halving that range is a fair coin.
    extreme = torch.where(draw < corruption.level / 2, high, low).to(images.dtype)
    return torch.where(hit, extreme, images)


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal values in the shape and memory order of `like`; torch draws fast only into one piece."""
    if like.is_contiguous():
        return torch.empty_like(like).normal_(generator=generator)
    batch, channels, height, width = like.shape
    values = torch.empty((batch, height, width, channels), dtype=like.dtype, device=like.device)
    return values.normal_(generator=generator).permute(0, 3, 1, 2)


def _occluded(images: Tensor, corruption: Corruption, generator: torch.Generator) -> Tensor:
    """Which pixels are covered, bool (B, 1, H, W): all places inside the image are equally likely."""
    batch, _, height, width = images.shape
    rows = _span(batch, height, corruption.size, generator, images.device)
    if corruption.occlusion == "rows":
        return rows[:, None, :, None].expand(batch, 1, height, width)
    columns = _span(batch, width, corruption.size, generator, images.device)
    return rows[:, None, :, None] & columns[:, None, None, :]


def _span(batch: int, length: int, size: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """A run of `size` places in each of `batch` lines of `length`, bool (B, length); all of a line that is shorter."""
    starts = torch.randint(max(length - size, 0) + 1, (batch, 1), generator=generator, device=device)
    place = torch.arange(length, device=device)
    return (place >= starts) & (place < starts + size)
