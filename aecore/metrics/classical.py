"""Classical denoisers from scikit-image, the baseline that needs no learning.

Each has one strength, chosen on validation images for the given corruption, so that a network is compared with the best
that the method can do.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle, denoise_wavelet

from aecore.metrics import image as image_metrics

THREADS = 2


def _total_variation(image: np.ndarray, strength: float, channels: int | None) -> np.ndarray:
    return denoise_tv_chambolle(image, weight=strength, channel_axis=channels)


def _non_local_means(image: np.ndarray, strength: float, channels: int | None) -> np.ndarray:
    return denoise_nl_means(image, patch_size=5, patch_distance=6, h=strength, fast_mode=True, channel_axis=channels)


def _wavelet(image: np.ndarray, strength: float, channels: int | None) -> np.ndarray:
    return denoise_wavelet(
        image, sigma=strength, wavelet="db2", mode="soft", method="BayesShrink", channel_axis=channels
    )


@dataclass(frozen=True)
class Method:
    """A denoiser: `apply(image, strength, channel_axis)` takes and returns a float image, (C, H, W) with channel axis
    0, or a grey (H, W) with None."""

    title: str
    source: str
    apply: Callable[[np.ndarray, float, int | None], np.ndarray]
    strengths: tuple[float, ...]


METHODS = {
    "tv": Method(
        "Total variation",
        "Rudin, Osher and Fatemi 1992, by Chambolle's algorithm; strength is its weight",
        _total_variation,
        (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5),
    ),
    "nlm": Method(
        "Non-local means",
        "Buades, Coll and Morel 2005, patches of 5×5; strength is the cut-off h",
        _non_local_means,
        (0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5),
    ),
    "wavelet": Method(
        "Wavelet",
        "BayesShrink of Chang, Yu and Vetterli 2000, Daubechies 2; strength is the assumed σ",
        _wavelet,
        (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5),
    ),
}


def denoise(noisy: np.ndarray, name: str, strength: float) -> np.ndarray:
    """Images (N, C, H, W) on the [0, 1] scale through the method `name`, float32, clamped to [0, 1]."""
    apply = METHODS[name].apply

    def one(image: np.ndarray) -> np.ndarray:
        # A single channel is passed as a grey image: non-local means does nothing useful with a channel axis of one.
        output = apply(image[0], strength, None)[None] if len(image) == 1 else apply(image, strength, 0)
        return np.clip(np.nan_to_num(output), 0, 1).astype(np.float32)

    images = np.asarray(noisy, np.float64)
    with ThreadPoolExecutor(THREADS) as pool:
        return np.stack(list(pool.map(one, images)))


def choose_strength(clean: np.ndarray, noisy: np.ndarray, name: str) -> float:
    """The strength of the method that gives the smallest mean squared error on these images (N, C, H, W)."""
    errors = [float(np.mean((denoise(noisy, name, s) - clean) ** 2)) for s in METHODS[name].strengths]
    return METHODS[name].strengths[int(np.argmin(errors))]


def measure(
    clean: np.ndarray,
    noisy: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    progress: Callable[[str, int, int], None] = lambda method, done, total: None,
    read: Callable[[np.ndarray], float] | None = None,
) -> dict[str, Any]:
    """Every method on `noisy` images (N, C, H, W) whose originals are `clean`, both on the [0, 1] scale.

    `validation` are clean and noisy images on which the strengths are chosen. Returns, by method, `strength` and
    `metrics`, with `wrong_digit_rate` from `read(images)` where it is given.
    """
    result = {}
    for name in METHODS:
        strength = choose_strength(*validation, name)
        scores, outputs = [], []
        for start in range(0, len(noisy), 500):
            part = slice(start, start + 500)
            outputs.append(denoise(noisy[part], name, strength))
            scores.append(image_metrics.per_image(clean[part], outputs[-1]))
            progress(METHODS[name].title, min(start + 500, len(noisy)), len(noisy))
        joined = {key: np.concatenate([part[key] for part in scores]) for key in image_metrics.NAMES}
        result[name] = {"strength": strength, "metrics": image_metrics.average(joined)}
        if read is not None:
            result[name]["metrics"]["wrong_digit_rate"] = read(np.concatenate(outputs))
    return result
