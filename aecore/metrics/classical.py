"""Methods without a network, the baseline that needs no learning; each only for the tasks that it is for.

scikit-image's denoisers have one strength, chosen on validation images for the given corruption, so that a network is
compared with the best that the method can do. Biharmonic inpainting fills holes, the nearest training image lends its
colours; these have no strength. For a lower resolution the baseline is bicubic interpolation, which is the corrupted
input itself (`aecore.data.degradation.downscale`): its metrics are the noisy input's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle, denoise_wavelet

from aecore.metrics import image as image_metrics
from aecore.metrics.baselines import DENOISERS, INPAINTING, TITLES
from aecore.metrics.fill_in import colourise, inpaint

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
        TITLES["tv"],
        "Rudin, Osher and Fatemi 1992, by Chambolle's algorithm; strength is its weight",
        _total_variation,
        (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5),
    ),
    "nlm": Method(
        TITLES["nlm"],
        "Buades, Coll and Morel 2005, patches of 5×5; strength is the cut-off h",
        _non_local_means,
        (0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5),
    ),
    "wavelet": Method(
        TITLES["wavelet"],
        "BayesShrink of Chang, Yu and Vetterli 2000, Daubechies 2; strength is the assumed σ",
        _wavelet,
        (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5),
    ),
}

SLOW = 1000
"""Methods without a strength are measured on at most so many images, evenly spread over the test set."""


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
    names: Sequence[str] = DENOISERS,
    lost: np.ndarray | None = None,
    train: np.ndarray | None = None,
) -> dict[str, Any]:
    """Every method of these names on `noisy` images (N, C, H, W) whose originals are `clean`, both on the [0, 1] scale.

    `validation` are clean and noisy images on which the strengths are chosen; `lost`, bool (N, 1, H, W), are the pixels
    for inpainting, and `train`, uint8 (M, 3, H, W), the images that lend their colours. Returns, by method, `metrics`,
    with `wrong_digit_rate` from `read(images)` where it is given, `strength` where it has one, else `images`, the
    number on which it was measured, and with lost pixels `inside_hole`.
    """
    result = {}
    for name in names:
        if name in METHODS:
            result[name] = _denoised(clean, noisy, choose_strength(*validation, name), name, progress, read, lost)
            continue
        rows = np.unique(np.linspace(0, len(noisy) - 1, min(SLOW, len(noisy))).astype(int))
        title = TITLES[name]
        progress(title, 0, len(rows))
        holes = None if lost is None else lost[rows]
        if name == INPAINTING:
            assert holes is not None
            outputs = inpaint(noisy[rows], holes)
        else:
            assert train is not None
            outputs = colourise(noisy[rows], train)
        progress(title, len(rows), len(rows))
        scores = image_metrics.average(image_metrics.per_image(clean[rows], outputs))
        result[name] = {"images": len(rows), "metrics": scores, **_inside(clean[rows], outputs, holes)}
    return result


def _denoised(
    clean: np.ndarray,
    noisy: np.ndarray,
    strength: float,
    name: str,
    progress: Callable[[str, int, int], None],
    read: Callable[[np.ndarray], float] | None,
    lost: np.ndarray | None,
) -> dict[str, Any]:
    scores, outputs = [], []
    for start in range(0, len(noisy), 500):
        part = slice(start, start + 500)
        outputs.append(denoise(noisy[part], name, strength))
        scores.append(image_metrics.per_image(clean[part], outputs[-1]))
        progress(METHODS[name].title, min(start + 500, len(noisy)), len(noisy))
    joined = {key: np.concatenate([part[key] for part in scores]) for key in image_metrics.NAMES}
    result = {"strength": strength, "metrics": image_metrics.average(joined)}
    if read is not None:
        result["metrics"]["wrong_digit_rate"] = read(np.concatenate(outputs))
    return result | _inside(clean, np.concatenate(outputs), lost)


def _inside(clean: np.ndarray, outputs: np.ndarray, lost: np.ndarray | None) -> dict[str, Any]:
    if lost is None:
        return {}
    return {"inside_hole": image_metrics.average(image_metrics.inside_hole(clean, outputs, lost))}
