"""How close an image is to the clean one: MSE, PSNR, SSIM and SNR, for each image and averaged.

All are on the [0, 1] image scale. The metrics of a denoiser mean little alone: measure the noisy input the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

NAMES = ("mse", "psnr_db", "ssim", "snr_db")
WINDOW = 7
"""Side of SSIM's windows, in pixels."""
STABILISERS = (0.01**2, 0.03**2)
"""SSIM's C1 and C2 for a data range of 1 (Wang et al. 2004)."""
BLOCK, GPU_BLOCK = 50_000, 10_000_000
"""Pixels that are measured at a time; on a CPU the intermediate arrays then stay in its cache.

The CPU version is NumPy in one thread: torch's threads synchronise after each of forty short operations, which is slow
while anything else runs on the machine.
"""


def per_image(clean: np.ndarray, other: np.ndarray) -> dict[str, np.ndarray]:
    """The four metrics of every image; both arrays float (N, C, H, W), `clean` in [0, 1]. Values float64 (N,).

    - mse: mean squared difference over all pixels and channels
    - psnr_db: 10·log10(1 / mse); infinite for equal images
    - ssim: Wang et al. 2004 with scikit-image's default 7×7 uniform window and data_range 1, over channels
    - snr_db: 10·log10(mean(clean²) / mse); infinite for equal images, NaN for an all-black clean image

    Raises `ValueError` for shapes that differ or images smaller than the SSIM window.
    """
    return named(_measure(clean, other))


def inside_hole(clean: np.ndarray, other: np.ndarray, lost: np.ndarray) -> dict[str, np.ndarray]:
    """`mse` and `psnr_db` of every image over its lost pixels alone, bool (N, 1, H, W), in all channels; both arrays
    float (N, C, H, W), `clean` in [0, 1]. Values float64 (N,); NaN for an image that lost none."""
    squares = ((other.astype(np.float64) - clean) ** 2).mean(axis=1)
    hole = lost[:, 0]
    with np.errstate(invalid="ignore"):
        mse = (squares * hole).sum((1, 2)) / hole.sum((1, 2))
    return {"mse": mse, "psnr_db": psnr(mse)}


def all_of(clean: np.ndarray, other: np.ndarray, lost: np.ndarray | None) -> dict[str, np.ndarray]:
    """The values of `per_image`, and where pixels were lost those of `inside_hole` as `hole_mse` and `hole_psnr_db`."""
    hole = {} if lost is None else inside_hole(clean, other, lost)
    return per_image(clean, other) | {f"hole_{name}": values for name, values in hole.items()}


def psnr(mse: np.ndarray) -> np.ndarray:
    """The peak signal-to-noise ratio in dB of mean squared errors on the [0, 1] scale; infinite for 0."""
    with np.errstate(divide="ignore"):
        return 10 * np.log10(1 / mse)


def measure(clean: Tensor, other: Tensor) -> Tensor:
    """The values from which `named` computes the four metrics, float64 (3, N): each image's mean squared error, the
    mean square of the clean image, and the SSIM. Both are float (N, C, H, W), `clean` in [0, 1]; on an NVIDIA GPU the
    result stays there.

    Raises as `per_image` does.
    """
    import torch  # pages measure a few images without it

    if clean.device.type != "cuda":
        return torch.from_numpy(_measure(clean.cpu().numpy(), other.cpu().numpy()))
    found = torch.empty((3, len(clean)), dtype=torch.float64, device=clean.device)
    for part in _blocks(clean, other, GPU_BLOCK):
        for row, values in zip(found, _measured(clean[part].double(), other[part].double()), strict=True):
            row[part] = values
    return found


def _measure(clean: np.ndarray, other: np.ndarray) -> np.ndarray:
    found = np.empty((3, len(clean)))
    for part in _blocks(clean, other, BLOCK):
        found[:, part] = _measured(*(images[part].astype(np.float64, order="C") for images in (clean, other)))
    return found


def named(measured: np.ndarray) -> dict[str, np.ndarray]:
    """The four metrics, float64 (N,) each, from the values of `measure`, (3, N)."""
    mse, power, ssim = measured
    with np.errstate(divide="ignore", invalid="ignore"):
        snr = np.where(power > 0, 10 * np.log10(power / mse), np.nan)
    return {"mse": mse, "psnr_db": psnr(mse), "ssim": ssim, "snr_db": snr}


def _blocks(clean: Any, other: Any, pixels: int) -> Iterator[slice]:
    if clean.shape != other.shape or clean.ndim != 4:
        shapes = f"{tuple(clean.shape)} and {tuple(other.shape)}"
        raise ValueError(f"expected two arrays (N, C, H, W) of one shape, got {shapes}")
    height, width = clean.shape[2:]
    if min(height, width) < WINDOW:
        raise ValueError(f"SSIM needs images of {WINDOW}×{WINDOW} pixels or more, not {height}×{width}")
    count = max(pixels // (clean.shape[1] * height * width), 1)
    return (slice(start, start + count) for start in range(0, len(clean), count))


def _measured(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """MSE, mean square of `a` and SSIM of each image; NumPy arrays or torch tensors, float64 (B, C, H, W).

    Double precision, as variances are differences of squares: the SSIM is scikit-image's to 1e-12.
    """
    squares = a * a
    power = squares.mean((1, 2, 3))
    squares += b * b  # SSIM needs only the sum of both variances
    ssim = _ssim(*(_means(field) for field in (a, b, squares, a * b)))
    difference = a - b
    difference *= difference
    return difference.mean((1, 2, 3)), power, ssim


def _ssim(a: Any, b: Any, squares: Any, products: Any) -> Any:
    """SSIM of each image, (B,), from the windows' means of a, b, a² + b² and a·b, each (B, C, h, w)."""
    sample = WINDOW**2 / (WINDOW**2 - 1)  # of the unbiased covariance
    means = a * b
    a *= a
    b *= b
    a += b
    products -= means
    squares -= a
    above = (2 * means + STABILISERS[0]) * (2 * sample * products + STABILISERS[1])
    below = (a + STABILISERS[0]) * (sample * squares + STABILISERS[1])
    above /= below
    return above.mean((1, 2, 3))


def _means(field: Any) -> Any:
    """Means over all windows that lie within the images, (B, C, H − 6, W − 6).

    Sums of two, four and seven neighbours: four additions instead of six, without the rounding of a running sum.
    """
    two = field[..., :-1] + field[..., 1:]
    four = two[..., :-5] + two[..., 2:-3]
    four += two[..., 4:-1]
    four += field[..., 6:]
    two = four[..., :-1, :] + four[..., 1:, :]
    seven = two[..., :-5, :] + two[..., 2:-3, :]
    seven += two[..., 4:-1, :]
    seven += four[..., 6:, :]
    seven /= WINDOW**2
    return seven


def average(values: Mapping[str, np.ndarray]) -> dict[str, float | None]:
    """The mean over images of each metric; None where it is infinite, as PSNR of equal images is.

    The SNR's mean excludes all-black clean images, a mean over holes those that have none.
    """
    means = {}
    for name, value in values.items():
        known = value[~np.isnan(value)]
        mean = float(known.mean()) if len(known) else math.inf
        means[name] = mean if math.isfinite(mean) else None
    return means
