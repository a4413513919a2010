"""Corrupting images, on their device, from a seeded generator."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.config.corruption import Corruption
from aecore.data.shard import BatchShard


def corrupt(
    images: Tensor,
    corruption: Corruption,
    generator: torch.Generator,
    low: float = 0.0,
    high: float = 1.0,
    shard: BatchShard | None = None,
) -> Tensor:
    """The corrupted images, a new tensor; `images` itself when the corruption changes nothing.

    `images` is float (B, C, H, W) in [`low`, `high`], `generator` lives on the same device. Noise comes first, then
    occlusion; both hit a pixel in all its channels, except Gaussian noise, which is drawn for every value. Gaussian
    noise leaves the range unless it is clamped. Where `images` are a `shard` of a batch, numbers are drawn for the
    whole batch, so that they are those that one process would draw.
    """
    shard = shard or BatchShard(slice(None), len(images), 1.0)
    if corruption.level > 0:
        images = _noise(images, corruption, generator, low, high, shard)
    if corruption.occlusion != "none":
        images = images.masked_fill(_occluded(images, corruption, generator, shard), low)
    return images


def _noise(
    images: Tensor, corruption: Corruption, generator: torch.Generator, low: float, high: float, shard: BatchShard
) -> Tensor:
    if corruption.std:
        noisy = _normal(images, generator, shard).mul_(corruption.std).add_(images)
        return noisy.clamp_(low, high) if corruption.clamp else noisy
    _, _, height, width = images.shape
    draw = torch.rand((shard.of, 1, height, width), generator=generator, device=images.device)[shard.rows]
    hit = draw < corruption.level
    if corruption.kind == "masking":
        return images.masked_fill(hit, low)
    # A hit pixel's draw is uniform in [0, level), so halving that range is a fair coin.
    extreme = torch.where(draw < corruption.level / 2, high, low).to(images.dtype)
    return torch.where(hit, extreme, images)


def _normal(like: Tensor, generator: torch.Generator, shard: BatchShard) -> Tensor:
    """Standard normal values in the shape and memory order of `like`; torch is fast only for contiguous ones."""
    _, channels, height, width = like.shape
    last = not like.is_contiguous()
    shape = (shard.of, height, width, channels) if last else (shard.of, channels, height, width)
    values = torch.empty(shape, dtype=like.dtype, device=like.device).normal_(generator=generator)[shard.rows]
    return values.permute(0, 3, 1, 2) if last else values


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
