"""Corrupting images, on their device, from a seeded generator."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from aecore.config.corruption import Corruption
from aecore.data import degradation
from aecore.data.noise import add_noise
from aecore.data.shard import BatchShard


class Corrupted(NamedTuple):
    """Corrupted images, with what is known of their corruption."""

    images: Tensor
    """Float (B, C, H, W); the given images themselves when the corruption changes nothing."""
    levels: Tensor
    """The standard deviation of each image's Gaussian noise in the model's range, float32 (B,); 0 without any."""
    lost: Tensor | None
    """Which pixels an occlusion or masking noise destroyed, bool (B, 1, H, W); None where nothing does."""


def corrupt(
    images: Tensor,
    corruption: Corruption,
    generator: torch.Generator,
    low: float = 0.0,
    high: float = 1.0,
    shard: BatchShard | None = None,
) -> Tensor:
    """The images of `corrupted`."""
    return corrupted(images, corruption, generator, low, high, shard).images


def corrupted(
    images: Tensor,
    corruption: Corruption,
    generator: torch.Generator,
    low: float = 0.0,
    high: float = 1.0,
    shard: BatchShard | None = None,
) -> Corrupted:
    """The corrupted images, a new tensor; `images` itself when the corruption changes nothing.

    `images` is float (B, C, H, W) with one or three channels in [`low`, `high`], `generator` lives on the same device.
    Grey comes first, then blur, downscaling, noise, JPEG and occlusion. Gaussian, speckle and Poisson noise leave the
    range unless they are clamped; JPEG clamps in any case. Where `images` are a `shard` of a batch, numbers are drawn
    for the whole batch, so that they are those that one process would draw.
    """
    shard = shard or BatchShard(slice(None), len(images), 1.0)
    levels, lost = torch.zeros(len(images), device=images.device), None
    if corruption.grey:
        images = degradation.grey(images)
    if corruption.blur:
        images = degradation.blur(images, corruption.blur)
    if corruption.downscale:
        images = degradation.downscale(images, corruption.downscale, low, high)
    if corruption.level > 0:
        images, levels, lost = add_noise(images, corruption, generator, low, high, shard)
    if corruption.jpeg:
        images = degradation.jpeg(images, corruption.jpeg, low, high)
    if corruption.occlusion != "none":
        covered = _occluded(images, corruption, generator, shard)
        images = images.masked_fill(covered, low)
        lost = covered if lost is None else covered | lost
    return Corrupted(images, levels, lost)


def _occluded(images: Tensor, corruption: Corruption, generator: torch.Generator, shard: BatchShard) -> Tensor:
    """Which pixels are covered, bool (B, 1, H, W): all positions inside the image are equally likely."""
    batch, _, height, width = images.shape
    rows = _span(shard.of, height, corruption.size, generator, images.device)[shard.rows]
    if corruption.occlusion == "rows":
        return rows[:, None, :, None].expand(batch, 1, height, width)
    columns = _span(shard.of, width, corruption.size, generator, images.device)[shard.rows]
    return rows[:, None, :, None] & columns[:, None, None, :]


def _span(batch: int, length: int, size: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """`size` neighbouring pixels in each of `batch` lines of `length`, bool (B, length); all of a shorter line."""
    starts = torch.randint(max(length - size, 0) + 1, (batch, 1), generator=generator, device=device)
    position = torch.arange(length, device=device)
    return (position >= starts) & (position < starts + size)
