"""Computing a projection as a job: a process of its own, whose progress anyone may read (`projection_progress`).

One at a time for a run. The command `aecore project` is the job, whoever starts it.
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import Any

import numpy as np

from aecore import access
from aecore.devices import choose
from aecore.errors import OutdatedError, UserError, told
from aecore.jobs import beside
from aecore.jobs.projection_progress import ProgressWriter, ProjectionProgress, forget, read_progress, write_progress
from aecore.latent.codes import Codes, read_codes
from aecore.latent.epoch_codes import read_epoch_codes
from aecore.latent.epoch_projection import EpochProjection, tsne_over_epochs
from aecore.latent.projection import AT_ONCE
from aecore.latent.projection_store import Projection, projection_folder
from aecore.latent.request import ProjectionRequest, code_size, project_codes, subset_of_codes
from aecore.runs.progress import Report, silent
from aecore.runs.run import Run


def start(run: Run, request: ProjectionRequest, device: str = "auto") -> None:
    """Start a projection in a process that outlives this one, its terminal and the browser.

    Raises `UserError` for what cannot be projected, while another projection is running, and to those who may not.
    """
    access.permit("new projections", run, role="manage" if run.shipped else "train")
    request.check(code_size(run))
    current = read_progress(run)
    if current is not None and current.state == "running":
        raise _already_running(run)
    options = [f"--{name}={value}" for name, value in asdict(request).items()]

    def started(process: dict[str, Any]) -> None:
        write_progress(run, ProjectionProgress("running", request, "starting", 0, 0, process))

    arguments = ["project", str(run.path), *options, f"--device={device}"]
    beside.launch(projection_folder(run), arguments, "starting a projection", started)


@told("stopping a projection")
def stop(run: Run, wait_s: float = 10) -> None:
    """Stop the run's projection job and forget it; an earlier projection stays."""
    access.permit("stopping projections", run, role="manage" if run.shipped else "train")
    current = read_progress(run)
    if current is None:
        return
    if current.state == "running":
        beside.end(current.process, f"the projection of run {run.id}", wait_s)
    forget(run)


@told("a projection")
def work(
    run: Run, request: ProjectionRequest, device: str = "auto", report: Report = silent
) -> Projection | EpochProjection:
    """Compute the projection in this process, reporting its progress, and save it with the run.

    Codes saved in the run are used where there are enough of them, else the images are encoded, as training images
    always are. SIGTERM and Ctrl-C end it and leave the earlier projection. Raises `UserError` while another process is
    computing one.
    """
    access.check("new projections", run, role="manage" if run.shipped else "train")
    request.check(code_size(run))
    progress = ProgressWriter(run, request, report)
    with beside.alone(projection_folder(run), _already_running(run), lambda: forget(run), progress.failed):
        projection = (_compute if request.over == "last" else _over_epochs)(run, request, device, progress)
        projection.save(run)
        return projection


def _already_running(run: Run) -> UserError:
    return UserError(f"a projection of run {run.id} is already running; wait for it or stop it")


def _compute(run: Run, request: ProjectionRequest, device: str, progress: ProgressWriter) -> Projection:
    progress.stage("encoding")
    codes = _codes(run, request, device, progress.report)
    progress.points(codes.indices, codes.labels)
    progress.stage("projecting" if request.method in AT_ONCE else "finding neighbours")
    torch_device = choose(device)[0].name if request.method == "tsne" else "cpu"
    return project_codes(
        codes, request, progress.iteration, progress.moved, lambda: progress.stage("measuring"), torch_device
    )


def _over_epochs(run: Run, request: ProjectionRequest, device: str, progress: ProgressWriter) -> EpochProjection:
    codes = read_epoch_codes(run)
    if codes is None:
        raise UserError(f"run {run.id} keeps no codes over its epochs: train it again with training.keep_codes")
    codes = codes.subset(request.points)
    progress.points(codes.indices, codes.labels)
    progress.stage("finding neighbours")
    return tsne_over_epochs(
        codes,
        request.dims,
        **request.options,
        device=choose(device)[0].name,
        progress=progress.iteration,
        moved=progress.moved,
        projected=lambda: progress.stage("measuring"),
    )


def _codes(run: Run, request: ProjectionRequest, device: str, report: Report) -> Codes:
    points = request.points
    if request.images == "train":
        from aecore.inference import training_codes  # torch, only now

        return training_codes(run, points, device, report)
    saved = None
    with contextlib.suppress(OutdatedError):  # the images are encoded anew
        saved = read_codes(run)
    if saved is not None and saved.codes is not None and len(saved.codes) >= points:
        return subset_of_codes(saved, points)
    from aecore.inference import open_run  # torch, only now

    loaded = open_run(run, device, report)
    codes, labels, indices = loaded.encoded(points)
    errors = np.full(len(indices), np.nan, np.float32)  # not needed for a projection
    return Codes(codes, labels, indices, errors, str(run.experiment().corruption), weights=loaded.weights)
