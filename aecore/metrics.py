"""How close an image is to the clean one: MSE, PSNR, SSIM and SNR, an image at a time and averaged.

All are on the [0, 1] image scale. Denoising figures mean little alone: measure the noisy input the same way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from skimage.metrics import structural_similarity

NAMES = ("mse", "psnr_db", "ssim", "snr_db")


def per_image(clean: np.ndarray, other: np.ndarray) -> dict[str, np.ndarray]:
    """The four metrics of every image; both arrays float (N, C, H, W), `clean` in [0, 1]. Values float64 (N,).

    - mse: mean squared difference over all pixels and channels
    - psnr_db: 10·log10(1 / mse); infinite for equal images
    - ssim: Wang et al. 2004 with scikit-image's default 7×7 uniform window and data_range 1, over channels
    - snr_db: 10·log10(mean(clean²) / mse); infinite for equal images, NaN for an all-black clean image

    Raises `ValueError` for shapes that differ or images smaller than the SSIM window.
    """
    if clean.shape != other.shape or clean.ndim != 4:
        raise ValueError(f"expected two arrays (N, C, H, W) of one shape, got {clean.shape} and {other.shape}")
    difference = other.astype(np.float64) - clean
    mse = np.mean(difference * difference, axis=(1, 2, 3))
    power = np.mean(np.square(clean, dtype=np.float64), axis=(1, 2, 3))
    with np.errstate(divide="ignore", invalid="ignore"):
        psnr = 10 * np.log10(1 / mse)
        snr = np.where(power > 0, 10 * np.log10(power / mse), np.nan)
    ssim = np.fromiter(
        (structural_similarity(a, b, data_range=1.0, channel_axis=0) for a, b in zip(clean, other, strict=True)),
        np.float64,
        len(clean),
    )
    return {"mse": mse, "psnr_db": psnr, "ssim": ssim, "snr_db": snr}


def average(values: Mapping[str, np.ndarray]) -> dict[str, float | None]:
    """The mean over images of each metric; None where it is infinite, as PSNR of equal images is.

    The SNR's mean leaves all-black clean images out.
    """
    means = {}
    for name, value in values.items():
        known = value[~np.isnan(value)]
        mean = float(known.mean()) if len(known) else math.inf
        means[name] = mean if math.isfinite(mean) else None
    return means
