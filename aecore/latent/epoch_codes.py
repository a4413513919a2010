"""The codes of the same test images after many epochs of a training: how its latent space came to be.

Kept by the training as it goes (`aecore.training.code_keeper`), in a file of its own beside the codes of the finished
network.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import safetensors.numpy

from aecore.config.corruption import Corruption
from aecore.data.subset import evenly_spaced
from aecore.errors import DamagedError
from aecore.files import reason
from aecore.latent.codes import WIDEST_SAVED
from aecore.metrics.code_units import Units
from aecore.metrics.projection import NEIGHBOURS, equal_codes
from aecore.runs import sums
from aecore.runs.run import EPOCH_CODES, Run
from aecore.runs.tensor_files import check_finite, check_shapes, check_whole, read_arrays

MOST_IMAGES, MOST_EPOCHS = 2000, 40
FEWEST_EPOCHS = 20
"""Of a wide code fewer images are kept, so that there is room for so many epochs."""
MOST_BYTES = 10_000_000
"""Of all codes of a run together."""
MOST_INPUT_BYTES = 128_000_000
"""Noisy images are kept in memory, as drawing the noise takes longer than encoding them: of large images fewer."""


def room(code_size: int, test_images: int, input_bytes: int = 0) -> tuple[int, int]:
    """How many images and how many epochs are kept, of codes of that size and so many test images, each of which
    takes `input_bytes` in memory; (0, 0) where nothing is."""
    if not 2 <= code_size <= WIDEST_SAVED:  # a code of one number has nothing to project
        return 0, 0
    images = min(test_images, MOST_IMAGES, MOST_BYTES // (FEWEST_EPOCHS * 2 * code_size))
    images = min(images, MOST_INPUT_BYTES // input_bytes) if input_bytes else images
    if images <= 2 * NEIGHBOURS:  # too few for a projection
        return 0, 0
    return images, min(MOST_EPOCHS, MOST_BYTES // (2 * code_size * images))


def input_bytes(corruption: Corruption, shape: tuple[int, int, int]) -> int:
    """What `room` has to be told of images (C, H, W) under a training corruption; 0 where they are clean."""
    return 4 * math.prod(shape) if corruption.active else 0


@dataclass(frozen=True)
class EpochRow:
    """The codes of N images after one epoch, as they are kept: as deviations from each unit's mean, which float16
    holds to a two-thousandth of themselves. Of the codes themselves it would lose a small spread around a large mean.
    """

    offsets: np.ndarray
    """float16 (N, n)."""
    mean: np.ndarray
    """float32 (n,), as are the others, all over the N images and before any rounding."""
    variance: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class EpochCodes:
    """The codes of N test images after each of E epochs; of a VAE the means."""

    epochs: np.ndarray
    """int32 (E,), ascending."""
    codes: np.ndarray
    """float32 (E, N, n)."""
    labels: np.ndarray
    """uint8 (N,)."""
    indices: np.ndarray
    """int64 (N,), in the test set, ascending."""
    units: tuple[Units, ...]
    """What every unit does over these images, for each epoch."""
    corruption: str
    """The corruption of the encoded images, in its written form: the training corruption."""
    file: str = ""
    """SHA-256 of the file that they were read from."""

    @cached_property
    def equal(self) -> tuple[int, ...]:
        """For each epoch, how many of the codes are the same (`equal_codes`)."""
        return tuple(equal_codes(each) for each in self.codes)

    def subset(self, images: int) -> EpochCodes:
        """So many of the images, evenly spread; all of them where there are no more. The units stay those of all."""
        rows = evenly_spaced(len(self.indices), images)
        return replace(self, codes=self.codes[:, rows], labels=self.labels[rows], indices=self.indices[rows])


def epoch_row(codes: np.ndarray) -> EpochRow | None:
    """Codes float32 (N, n) as they are kept; None where they are not finite or spread beyond what float16 holds."""
    mean = codes.mean(axis=0, dtype=np.float64).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        offsets = (codes - mean).astype(np.float16)
    if not np.isfinite(offsets).all():
        return None
    variance = codes.var(axis=0, dtype=np.float64).astype(np.float32)
    return EpochRow(offsets, mean, variance, codes.min(axis=0), codes.max(axis=0))


def as_file(
    epochs: Sequence[float], rows: Sequence[EpochRow], labels: np.ndarray, indices: np.ndarray, corruption: str
) -> bytes:
    """The content of epoch_codes.safetensors; at least one row."""
    arrays = {
        "epochs": np.array(epochs, np.int32),
        "labels": labels.astype(np.uint8),
        "indices": indices.astype(np.int32),
        "offsets": np.stack([row.offsets for row in rows]),
    }
    arrays |= {name: np.stack([getattr(row, name) for row in rows]) for name in ("mean", "variance", "low", "high")}
    return safetensors.numpy.save(arrays, {"about": json.dumps({"corruption": corruption})})


def read_rows(run: Run) -> tuple[dict[str, np.ndarray], list[EpochRow], str] | None:
    """What the run keeps, as it is in the file: `epochs`, `labels` and `indices`, a row for each epoch, and the
    corruption. None without the file. Raises `DamagedError` when it cannot be read."""
    path = run.file(EPOCH_CODES)
    if not os.path.lexists(path):
        return None
    run.check(EPOCH_CODES)
    try:
        arrays, about = read_arrays(path, "about")
        epochs, count = len(arrays.get("epochs", ())), len(arrays.get("indices", ()))
        check_shapes(arrays, {"epochs": (epochs,), "indices": (count,), "labels": (count,)})
        check_shapes(arrays, {"offsets": (epochs, count, None)})
        size = arrays["offsets"].shape[2]
        check_shapes(arrays, dict.fromkeys(("mean", "variance", "low", "high"), (epochs, size)))
        check_whole(arrays, "epochs", "indices", "labels")
        check_finite(arrays, *arrays)
        if not (epochs and count and size) or np.any(np.diff(arrays["epochs"]) <= 0):
            raise ValueError("it does not hold codes by ascending epochs")
        names = ("offsets", "mean", "variance", "low", "high")
        rows = [EpochRow(**{name: arrays[name][row] for name in names}) for row in range(epochs)]
        return {name: arrays[name] for name in ("epochs", "labels", "indices")}, rows, str(about["corruption"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"run {run.id}: {path.name} cannot be read: {reason(error)}") from None


def read_epoch_codes(run: Run) -> EpochCodes | None:
    """The codes that the run keeps over its epochs; None where it keeps none. Raises `DamagedError` when they cannot be
    read."""
    stamp = sums.digest(run.path, EPOCH_CODES) if run.file(EPOCH_CODES).is_file() else ""
    found = read_rows(run)
    if found is None:
        return None
    arrays, rows, corruption = found
    return EpochCodes(
        arrays["epochs"].astype(np.int32),
        np.stack([row.offsets.astype(np.float32) + row.mean for row in rows]),
        arrays["labels"].astype(np.uint8),
        arrays["indices"].astype(np.int64),
        tuple(Units(row.variance, row.low, row.high) for row in rows),
        corruption,
        stamp,
    )
