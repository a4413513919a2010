"""How far the projection job of a run is, with the points as they move: a file beside the run's projections.

It exists while a projection is computed and after one that failed or was interrupted; a finished one leaves none.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from aecore.files import atomic_write
from aecore.latent.projection_store import projection_folder
from aecore.latent.request import ProjectionRequest
from aecore.runs.process import is_alive, this_process
from aecore.runs.progress import Report
from aecore.runs.run import Run
from aecore.runs.tensor_files import read_arrays

PROGRESS = ".progress.safetensors"
WRITE_EVERY_S = 0.2
"""Moving points are written no more often than this."""


@dataclass(frozen=True)
class ProjectionProgress:
    """An unfinished projection: `state` is running, interrupted (its process is gone) or failed."""

    state: str
    request: ProjectionRequest
    stage: str
    done: int
    total: int
    process: dict[str, Any]
    error: str = ""
    indices: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    """int32 (N,) in the test set; empty until the codes are there."""
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint8))
    """uint8 (N,)."""
    coordinates: np.ndarray | None = None
    """float32 (N, dims), from the first iterations on."""


def progress_file(run: Run) -> Path:
    return projection_folder(run) / PROGRESS


def read_progress(run: Run) -> ProjectionProgress | None:
    """The run's unfinished projection; None where there is none, or its file cannot be read."""
    try:
        arrays, about = read_arrays(progress_file(run), "about")
        found = ProjectionProgress(
            str(about["state"]),
            ProjectionRequest(**about["request"]),
            str(about["stage"]),
            int(about["done"]),
            int(about["total"]),
            dict(about["process"]),
            str(about["error"]),
            **arrays,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if found.state == "running" and not is_alive(found.process):
        return replace(found, state="interrupted")
    return found


def write_progress(run: Run, progress: ProjectionProgress) -> None:
    about = {name: value for name, value in vars(progress).items() if name not in ("indices", "labels", "coordinates")}
    about["request"] = asdict(progress.request)
    arrays = {"indices": progress.indices, "labels": progress.labels}
    if progress.coordinates is not None:
        arrays["coordinates"] = progress.coordinates
    atomic_write(progress_file(run), safetensors.numpy.save(arrays, {"about": json.dumps(about)}))


def forget(run: Run) -> None:
    """Remove what a failed or interrupted attempt has left."""
    progress_file(run).unlink(missing_ok=True)


class ProgressWriter:
    """Writes and reports the progress of a projection in this process."""

    def __init__(self, run: Run, request: ProjectionRequest, report: Report) -> None:
        self.run, self.report, self.written = run, report, 0.0
        self.progress = ProjectionProgress("running", request, "starting", 0, 0, this_process())

    def _change(self, at_once: bool, **changes: Any) -> None:
        self.progress = replace(self.progress, **changes)
        if at_once or time.monotonic() - self.written > WRITE_EVERY_S:
            write_progress(self.run, self.progress)
            self.written = time.monotonic()

    def stage(self, name: str) -> None:
        """A new stage begins."""
        self._change(True, stage=name)
        self.report("projecting", 0, 0, name)

    def points(self, indices: np.ndarray, labels: np.ndarray) -> None:
        """Which test images are projected: indices and labels, both (N,)."""
        self._change(True, indices=indices.astype(np.int32), labels=labels.astype(np.uint8))

    def iteration(self, done: int, total: int) -> None:
        self.progress = replace(self.progress, stage="moving points", done=done, total=total)
        self.report("projecting", done, total, self.progress.request.method)

    def moved(self, coordinates: np.ndarray) -> None:
        """Where the points are by now, (N, dims)."""
        if np.isfinite(coordinates).all():
            self._change(False, coordinates=np.ascontiguousarray(coordinates, np.float32))

    def failed(self, error: str) -> None:
        self._change(True, state="failed", error=error)
