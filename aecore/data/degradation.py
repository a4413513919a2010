"""What takes colour or detail from images without any chance: grey, blur, a lower resolution, JPEG."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luma of ITU-R BT.601, which JPEG uses too."""
REACH = 4.0
"""A Gaussian blur is cut off at so many standard deviations."""


def grey(images: Tensor) -> Tensor:
    """The luma of float images (B, C, H, W), in all channels alike; images of one channel as they are."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(1)
    luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return torch.empty_like(images).copy_(luma[:, None])


def blur(images: Tensor, sigma: float) -> Tensor:
    """Float images (B, C, H, W) under a Gaussian of `sigma` pixels; beyond its edges an image goes on mirrored."""
    return _blur_along(_blur_along(images, sigma, 2), sigma, 3)


def _blur_along(images: Tensor, sigma: float, axis: int) -> Tensor:
    length, reach = images.shape[axis], int(REACH * sigma + 0.5)
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    position = torch.arange(-reach, length + reach, device=images.device) % (2 * length)
    mirrored = torch.where(position < length, position, 2 * length - 1 - position)
    wide = images.index_select(axis, mirrored)
    # A sum of shifted images, not a convolution: those may run in fewer bits on a GPU.
    result = torch.zeros_like(images)
    for start, weight in enumerate(weights.tolist()):
        result.add_(wide.narrow(axis, start, length), alpha=weight)
    return result


def downscale(images: Tensor, factor: int, low: float, high: float) -> Tensor:
    """Float images (B, C, H, W) at a `factor`-th of their resolution, enlarged to the old size again.

    Every square of `factor`² pixels becomes its mean; at the right and lower edge the last pixels are repeated where a
    square is not full. Bicubic interpolation (Keys's, a = −0.5) enlarges them; what it throws beyond [`low`, `high`] is
    clamped, as in an image file.
    """
    height, width = images.shape[2:]
    missing = (-width % factor, -height % factor)
    whole = F.pad(images, (0, missing[0], 0, missing[1]), mode="replicate")
    small = F.avg_pool2d(whole, factor)
    large = F.interpolate(small, whole.shape[2:], mode="bicubic", align_corners=False, antialias=True)
    return torch.empty_like(images).copy_(large[..., :height, :width]).clamp_(low, high)


def jpeg(images: Tensor, quality: int, low: float, high: float) -> Tensor:
    """Float images (B, C, H, W) after JPEG of that quality: rounded to bytes, compressed and read again on the CPU.

    Pillow's settings: colour at half the resolution, the standard's tables.
    """
    bytes_ = ((images - low) / (high - low)).clamp_(0, 1).mul_(255).round_().to("cpu", torch.uint8)
    pictures = bytes_.permute(0, 2, 3, 1).numpy()
    read = np.stack([_through_jpeg(picture, quality) for picture in pictures]).reshape(pictures.shape)
    result = torch.empty_like(images).copy_(torch.from_numpy(read).permute(0, 3, 1, 2))
    return result.mul_((high - low) / 255).add_(low)


def _through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """An image uint8 (H, W, C), with C 1 or 3, as (H, W) or (H, W, 3)."""
    file = io.BytesIO()
    Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
