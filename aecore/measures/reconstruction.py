"""Measures of the reconstructions: by class, the worst ones, beside PCA of equal size, and at fewer bits."""

from __future__ import annotations

import numpy as np

from aecore.measures.subject import Subject, some
from aecore.metrics import rate_distortion
from aecore.metrics.bootstrap import mean_interval

WORST = 20
RATE_IMAGES = 1000
"""Rate and distortion are measured on so many test images, evenly spaced."""
PCA_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def reconstruction(subject: Subject) -> None:
    errors, labels = subject.test_errors, subject.y_test
    subject.report("reconstructing", 0, 1, "reconstructions")
    psnr = 10 * np.log10(1 / np.maximum(errors, 1e-10))
    worst = np.argsort(-errors, kind="stable")[:WORST]
    entry = {
        **mean_interval(errors).as_json(),
        "psnr_db": float(psnr.mean()),
        "pca": None,
        "by_class": [
            {
                "class": subject.classes[label] if label < len(subject.classes) else str(label),
                "images": int((labels == label).sum()),
                **_spread("mse", errors[labels == label]),
                **_spread("psnr_db", psnr[labels == label]),
            }
            for label in np.unique(labels)
        ],
        "worst": [
            {"image": int(subject.places[row]), "label": int(labels[row]), "mse": float(errors[row])} for row in worst
        ],
    }
    subject.images["worst"] = to_bytes(subject.decoded(subject.test_codes[worst], labels[worst]))
    subject.images["worst_clean"] = np.asarray(subject.x_test[worst])
    pca = subject.baselines.pca
    if pca is None:
        subject.lacking["pca_mse"] = f"images of {subject.values:,} values are too large for all their components"
    else:
        by_size = np.asarray(subject.baselines.kept("pca errors", lambda: pca.errors(subject.x_test).tolist()))
        size = min(subject.units, pca.size)
        entry["pca"] = float(by_size[size])
        below = np.flatnonzero(by_size <= errors.mean())
        entry["equals_pca"] = int(below[0]) if len(below) else None
        subject.measures["pca_mse"] = {"value": float(by_size[size]), "k": size}
        if subject.units > pca.size:
            entry["pca"] = None
            subject.measures.pop("pca_mse")
            subject.lacking["pca_mse"] = (
                f"{len(subject.x_train):,} training images of {subject.values:,} values have {pca.size:,} components, "
                f"fewer than the {subject.units:,} numbers of the code"
            )
    subject.measures["reconstruction"] = entry


def _spread(name: str, values: np.ndarray) -> dict[str, float]:
    return {name: float(values.mean()), f"{name}_std": float(values.std())}


def rate(subject: Subject) -> None:
    """The code at fewer and fewer bits, beside PCA of the same bytes, JPEG and WebP."""
    chosen = some(len(subject.x_test), RATE_IMAGES)
    images, codes, pca = np.asarray(subject.x_test[chosen]), subject.test_codes[chosen], subject.baselines.pca
    curves: dict[str, list] = {"code": [], "pca": []}
    at_eight = None
    for number, bits in enumerate(rate_distortion.BITS):
        subject.report("quantising", number, len(rate_distortion.BITS), "rate and distortion")
        rounded = rate_distortion.Quantiser(subject.train_codes, bits)(codes)
        errors = subject.errors(rounded, images, subject.y_test[chosen])
        size = rate_distortion.code_bytes(subject.units, bits)
        curves["code"].append(rate_distortion.Point(size, float(errors.mean()), bits))
        if bits == 8:
            at_eight = mean_interval(errors)
        if pca is not None and subject.units <= pca.size:
            curves["pca"].append(rate_distortion.Point(size, _pca_error(subject, images, subject.units, bits), bits))
    kept = subject.baselines.kept
    for name in ("jpeg", "webp"):
        curves[name] = subject.baselines.of_test_images.kept(
            f"rate {name} {len(images)} of {len(subject.x_test)}",
            lambda name=name: [rate_distortion.image_format(images, name, q) for q in rate_distortion.QUALITIES],
        )
    if pca is not None:
        sizes = [k for k in PCA_SIZES if k <= pca.size]
        curves["pca_8_bits"] = kept(
            "rate pca", lambda: [(float(k), _pca_error(subject, images, k, 8), k) for k in sizes]
        )
    assert at_eight is not None
    subject.measures["rate_distortion"] = {
        **at_eight.as_json(),
        "bytes": rate_distortion.code_bytes(subject.units, 8),
        "raw_bytes": subject.values,
        "pca": next((point.mse for point in curves["pca"] if point.setting == 8), None),
        "test_images": len(images),
        "curves": {
            name: [{"bytes": size, "mse": mse, "setting": setting} for size, mse, setting in points]
            for name, points in curves.items()
            if points
        },
    }


def _pca_error(subject: Subject, images: np.ndarray, k: int, bits: int) -> float:
    pca = subject.baselines.pca
    assert pca is not None
    rounded = rate_distortion.Quantiser(pca.codes(subject.x_train, k), bits)(pca.codes(images, k))
    clean = images.reshape(len(images), -1).astype(np.float32) / 255
    return float(np.square(pca.decoded(rounded) - clean, dtype=np.float64).mean())


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Images on the [0, 1] scale as uint8, clamped."""
    return np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
