"""The codes of a run's images. Those of test images are saved in the run, so that its latent space can be shown without
torch and images; those of training images are computed when they are asked for.

codes.safetensors is written at the end of training, for shipped runs by `aecore.reports.gallery`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

import numpy as np
import safetensors
import safetensors.numpy

from aecore.errors import DamagedError
from aecore.files import reason
from aecore.runs.run import CODES, Run
from aecore.runs.tensor_files import check_shapes, check_whole, read_arrays

WIDEST_SAVED = 256
"""Wider codes are not saved: ten thousand of a convolutional map of 6,272 would take 125 MB."""
ROUNDING = 0.01
"""float16 is used where it changes no unit by more than this share of the unit's standard deviation, or of a tenth of
its range, which is more where a sparse code is almost always 0."""


@dataclass(frozen=True)
class Codes:
    """The codes of N images; of a VAE the means."""

    codes: np.ndarray | None
    """float32 (N, n); None where the code is too wide to be saved."""
    labels: np.ndarray
    """uint8 (N,)."""
    indices: np.ndarray
    """int64 (N,), in the test set, or among the training images, ascending."""
    errors: np.ndarray
    """float32 (N,): mean squared error of the image decoded from the code against the clean image, [0, 1] scale."""
    corruption: str
    """The corruption of the encoded images, in its written form: the training corruption."""
    images: np.ndarray | None = None
    """uint8 (N, C, h, w), thumbnails, where the project ships none of that set."""
    split: str = "test"
    """Which images they are: one of `aecore.data.subset.SPLITS`. Only those of test images are saved."""
    weights: str = ""
    """SHA-256 of the file of the weights that encoded them; empty in older runs."""

    def save(self, run: Run) -> None:
        """Write them into their run."""
        arrays = {
            "labels": self.labels.astype(np.uint8),
            "indices": self.indices.astype(np.int32),
            "errors": self.errors.astype(np.float32),
        }
        if self.codes is not None:
            arrays["codes"] = _narrowed(self.codes)
        if self.images is not None:
            arrays["images"] = np.ascontiguousarray(self.images)
        about = {"corruption": self.corruption, "weights": self.weights}
        run.write_files({CODES: safetensors.numpy.save(arrays, {"about": json.dumps(about)})})


def read_codes(run: Run) -> Codes | None:
    """The codes saved in the run, if there are any. Raises `DamagedError` when they cannot be read, and where they are
    those of other weights than the run has now."""
    path = run.file(CODES)
    if not os.path.lexists(path):  # a link that leads nowhere is damage
        return None
    run.check(CODES)
    try:
        arrays, about = read_arrays(path, "about")
        count = len(arrays.get("indices", ()))
        shapes: dict[str, tuple[int | None, ...]] = dict.fromkeys(("indices", "labels", "errors"), (count,))
        optional = {"codes": (count, None), "images": (count, None, None, None)}
        check_shapes(arrays, shapes | {name: shape for name, shape in optional.items() if name in arrays})
        check_whole(arrays, "labels", "indices")
        codes, weights = arrays.get("codes"), str(about.get("weights", ""))
        run.check_made_from(CODES, weights)
        return Codes(
            None if codes is None else codes.astype(np.float32),
            arrays["labels"].astype(np.uint8),
            arrays["indices"].astype(np.int64),
            arrays["errors"].astype(np.float32),
            str(about["corruption"]),
            arrays.get("images"),
            weights=weights,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"run {run.id}: {path.name} cannot be read: {reason(error)}") from None


def _narrowed(codes: np.ndarray) -> np.ndarray:
    """The codes as float16 where the rounding is negligible, else as float32."""
    if not np.isfinite(codes).all() or np.abs(codes).max(initial=0) > np.finfo(np.float16).max:
        return codes.astype(np.float32)
    half = codes.astype(np.float16)
    error = np.abs(half.astype(np.float32) - codes).max(axis=0, initial=0)
    spread = np.maximum(codes.std(axis=0), np.ptp(codes, axis=0) / 10)
    return half if (error <= ROUNDING * spread + 1e-12).all() else codes.astype(np.float32)
