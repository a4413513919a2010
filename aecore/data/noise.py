"""Noise on images, on their device, from a seeded generator."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.config.corruption import Corruption
from aecore.data.shard import BatchShard


def add_noise(
    images: Tensor, corruption: Corruption, generator: torch.Generator, low: float, high: float, shard: BatchShard
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The noisy images, each one's σ of Gaussian noise, and for masking noise which pixels it destroyed.

    `images` is float (B, C, H, W) in [`low`, `high`], the rows `shard` of a batch; σ is float (B,) in the same range, 0
    for other kinds; the pixels are bool (B, 1, H, W). Gaussian, speckle and Poisson noise are drawn for every value,
    and leave the range unless clamped; masking and salt-and-pepper noise hit a pixel in all its channels.
    """
    levels = torch.full((len(images),), corruption.std, device=images.device)
    if corruption.kind in ("masking", "salt-pepper"):
        noisy, hit = _hit(images, corruption, generator, low, high, shard)
        return noisy, levels, hit if corruption.kind == "masking" else None
    if corruption.lowest is not None:
        drawn = torch.rand(shard.of, generator=generator, device=images.device)[shard.rows]
        levels = corruption.lowest + (corruption.level - corruption.lowest) * drawn
        noisy = _normal(images, generator, shard).mul_(levels.view(-1, 1, 1, 1)).add_(images)
    elif corruption.std:
        noisy = _normal(images, generator, shard).mul_(corruption.std).add_(images)
    elif corruption.kind == "speckle":
        noisy = _normal(images, generator, shard).mul_(corruption.level).mul_(images - low).add_(images)
    else:
        noisy = _photons(images, corruption.level, generator, low, high, shard)
    return (noisy.clamp_(low, high) if corruption.clamp else noisy), levels, None


def _hit(
    images: Tensor, corruption: Corruption, generator: torch.Generator, low: float, high: float, shard: BatchShard
) -> tuple[Tensor, Tensor]:
    """Images with a share of their pixels black, or black or white, and which pixels those are, bool (B, 1, H, W)."""
    _, _, height, width = images.shape
    draw = torch.rand((shard.of, 1, height, width), generator=generator, device=images.device)[shard.rows]
    hit = draw < corruption.level
    if corruption.kind == "masking":
        return images.masked_fill(hit, low), hit
    # A hit pixel's draw is uniform in [0, level), so halving that range is a fair coin.
    extreme = torch.where(draw < corruption.level / 2, high, low).to(images.dtype)
    return torch.where(hit, extreme, images), hit


def _normal(like: Tensor, generator: torch.Generator, shard: BatchShard) -> Tensor:
    """Standard normal values in the shape and memory order of `like`; torch is fast only for contiguous ones."""
    _, channels, height, width = like.shape
    last = not like.is_contiguous()
    shape = (shard.of, height, width, channels) if last else (shard.of, channels, height, width)
    values = torch.empty(shape, dtype=like.dtype, device=like.device).normal_(generator=generator)[shard.rows]
    return values.permute(0, 3, 1, 2) if last else values


def _photons(
    images: Tensor, peak: float, generator: torch.Generator, low: float, high: float, shard: BatchShard
) -> Tensor:
    """Photon counts with `peak` of them on average at white, on the images' own scale.

    How many random numbers a Poisson value takes depends on its mean, so each image has a generator of its own: then
    a part of a batch gets what it gets in the whole batch.
    """
    seeds = torch.randint(2**62, (shard.of,), generator=generator, device=images.device)[shard.rows].tolist()
    means = ((images - low) / (high - low)).clamp_(0, 1).mul_(peak)
    own = torch.Generator(images.device)
    noisy = torch.empty_like(images)
    for mean, seed, place in zip(means, seeds, noisy, strict=True):
        place.copy_(torch.poisson(mean, own.manual_seed(seed)))
    return noisy.mul_((high - low) / peak).add_(low)
