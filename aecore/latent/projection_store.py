"""Projections that are saved with their run.

A projection lies in its run under projections/ and needs neither torch nor the image set to be shown again. New ones of
a shipped run, which is read-only, lie in the store beside it and take precedence over the shipped ones.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from aecore import access
from aecore.errors import DamagedError, UserError, told
from aecore.files import atomic_write, reason
from aecore.runs.run import PROJECTIONS, Run
from aecore.runs.tensor_files import check_finite, check_shapes, check_whole, read_arrays


@dataclass(frozen=True)
class Projection:
    """N projected codes: `coordinates` float32 (N, dims), `labels` uint8 (N,), `indices` int64 (N,) in the test set, or
    among the training images."""

    method: str
    coordinates: np.ndarray
    labels: np.ndarray
    indices: np.ndarray
    parameters: dict[str, Any] = field(default_factory=dict)
    """How it was made: perplexity, iterations, seed, corruption of the images; `equal_codes`, where at least half of
    the images have the same code, is how many do."""
    quality: dict[str, float] = field(default_factory=dict)
    """trustworthiness, knn_accuracy (in the projection), code_knn_accuracy (in the code) and, of PCA,
    explained_variance; all from 0 to 1. Empty where all codes are equal; no accuracies where all labels are."""
    split: str = "test"
    """Which images are projected: one of `aecore.data.subset.SPLITS`."""
    weights: str = ""
    """SHA-256 of the file of the weights that encoded them; empty in older files."""

    @property
    def dims(self) -> int:
        return self.coordinates.shape[1]

    @property
    def remark(self) -> str:
        """What keeps the projection from saying anything, as one line without a full stop; usually empty."""
        equal, all_of_them = int(self.parameters.get("equal_codes", 0)), len(self.labels)
        if not equal:
            return ""
        if equal >= all_of_them:
            return f"all {all_of_them:,} codes are equal, so there is nothing to project: the code says nothing"
        return f"{equal:,} of {all_of_them:,} images have the same code, so nothing tells these apart here"

    def save(self, run: Run, ship: bool = False) -> None:
        """Save it in `projection_folder(run)`, or with `ship` in the run itself even where that is a shipped one."""
        target = run.file(PROJECTIONS) if ship else projection_folder(run)
        arrays = {
            # Half the bytes, with an error below a thousandth of a point's distance from the centre.
            "coordinates": self.coordinates.astype(np.float16 if _fits_half(self.coordinates) else np.float32),
            "labels": self.labels,
            "indices": self.indices.astype(np.int32),
        }
        about = {
            "method": self.method,
            "parameters": self.parameters,
            "quality": self.quality,
            "images": self.split,
            "weights": self.weights,
        }
        name = projection_file_name(self.method, self.dims, self.split)
        write_projection(run, target / name, safetensors.numpy.save(arrays, {"about": json.dumps(about)}))


def write_projection(run: Run, path: Path, content: bytes) -> None:
    """Write the file of a projection, in the run itself or beside the shipped ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent == run.file(PROJECTIONS):
        run.write_files({f"{PROJECTIONS}/{path.name}": content})
    else:
        atomic_write(path, content)


def projection_file_name(method: str, dims: int, split: str = "test") -> str:
    return f"{method}-{dims}d{'' if split == 'test' else f'-{split}'}.safetensors"


def projection_folder(run: Run) -> Path:
    """The folder of new projections: in the run, or for a shipped one projections/ID of the store."""
    return run.path.parent.parent / PROJECTIONS / run.id if run.shipped else run.file(PROJECTIONS)


def projection_files(run: Run, method: str, dims: int, split: str = "test") -> tuple[Path, ...]:
    """The files that may hold the run's projection of that kind, the one that takes precedence first."""
    name = projection_file_name(method, dims, split)
    own, shipped = projection_folder(run) / name, run.file(PROJECTIONS) / name
    return (own,) if own == shipped else (own, shipped)


def is_replaced(run: Run, method: str, dims: int, split: str = "test") -> bool:
    """Whether a new projection replaces a shipped one."""
    return run.shipped and all(path.exists() for path in projection_files(run, method, dims, split))


@told("restoring the shipped projection")
def restore_shipped(run: Run, method: str, dims: int) -> None:
    """Delete the new projection that replaces a shipped one. Raises `UserError` where there is none."""
    access.permit("changing projections", run, role="manage" if run.shipped else "train")
    if not is_replaced(run, method, dims):
        raise UserError(f"no projection of run {run.id} replaces its shipped {method} in {dims}D")
    projection_files(run, method, dims)[0].unlink(missing_ok=True)


def read_projection(run: Run, method: str, dims: int, ship: bool = False, split: str = "test") -> Projection | None:
    """The run's saved projection of that kind, if there is one; with `ship` only one in the run itself.

    Raises `DamagedError` when it cannot be read, and where it is that of other weights than the run has now.
    """
    found = [path for path in projection_files(run, method, dims, split)[-1 if ship else 0 :] if os.path.lexists(path)]
    if not found:
        return None
    path = found[0]
    if path.parent == run.file(PROJECTIONS):
        run.check(f"{PROJECTIONS}/{path.name}")
    try:
        found_arrays, about = read_arrays(path, "about")
        count = len(found_arrays.get("coordinates", ()))
        check_shapes(found_arrays, {"coordinates": (count, dims), "labels": (count,), "indices": (count,)})
        arrays = {name: found_arrays[name] for name in ("coordinates", "labels", "indices")}
        check_finite(arrays, *arrays)
        check_whole(arrays, "labels", "indices")
        arrays["coordinates"] = arrays["coordinates"].astype(np.float32)
        arrays["indices"] = arrays["indices"].astype(np.int64)
        parameters, quality = dict(about["parameters"]), dict(about["quality"])
        weights = str(about.get("weights", ""))
        run.check_made_from(path.name, weights)
        return Projection(method, **arrays, parameters=parameters, quality=quality, split=split, weights=weights)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"run {run.id}: {path.name} cannot be read: {reason(error)}") from None


def _fits_half(coordinates: np.ndarray) -> bool:
    """Whether float16 is precise enough: no value too large, and the spread not small beside the largest value."""
    largest = np.abs(coordinates).max(initial=0)
    return bool(1e-2 < largest < 6e4) and float(np.ptp(coordinates, axis=0).max(initial=0)) > 0.2 * largest
