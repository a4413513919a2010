"""Making a projection as a job: a process of its own, whose progress anyone may watch, with the points as they move.

One at a time for a run. While it works, a file beside the run's projections holds how far it is and where the points
stand; when it is done that file is gone and the projection is there. `aecore project` is the job, whoever starts it.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import psutil
import safetensors
import safetensors.numpy

from aecore import demo
from aecore.devices import choose
from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.files import atomic_write
from aecore.jobs import detach
from aecore.latent.codes import Codes, read_codes
from aecore.latent.projection_store import Projection, projection_folder
from aecore.latent.request import ProjectionRequest, code_size, project_codes, subset_of_codes
from aecore.progress import Report
from aecore.runs.process import is_alive, this_process
from aecore.runs.store import Run

PROGRESS, LOCK, LOG = ".progress.safetensors", ".lock", ".log.txt"


EVERY_S = 0.2
"""The points are written down no more often than this."""


WAIT_S = 2
"""How long to wait for the last attempt to be gone: a killed process lets go of its files a moment later."""


@dataclass(frozen=True)
class Working:
    """A projection in the making: `state` is running, interrupted (its process is gone) or failed."""

    state: str
    request: ProjectionRequest
    stage: str
    done: int
    total: int
    process: dict[str, Any]
    error: str = ""
    indices: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    """int32 (N,), and empty before the codes are there."""
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint8))
    """uint8 (N,)."""
    coordinates: np.ndarray | None = None
    """float32 (N, dims), from the first iterations on."""


def progress_file(run: Run) -> Path:
    return projection_folder(run) / PROGRESS


def working(run: Run) -> Working | None:
    """The projection that is being made of the run, or was when its process died; None where there is none."""
    try:
        with safetensors.safe_open(progress_file(run), framework="np") as file:
            about = json.loads(file.metadata()["about"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dict
        found = Working(
            str(about["state"]),
            ProjectionRequest(**about["request"]),
            str(about["stage"]),
            int(about["done"]),
            int(about["total"]),
            dict(about["process"]),
            str(about["error"]),
            **arrays,
        )
    except (OSError, safetensors.SafetensorError, ValueError, KeyError, TypeError):
        return None  # there is none, or nothing that could be told of it
    if found.state == "running" and not is_alive(found.process):
        return replace(found, state="interrupted")
    return found


def start(run: Run, request: ProjectionRequest, device: str = "auto") -> None:
    """Make a projection in a process of its own, which outlives this one, its terminal and the browser.

    Raises `UserError` for what cannot be drawn, while another is being made, and on a public demo.
    """
    demo.refuse("new projections")
    request.check(code_size(run))
    now = working(run)
    if now is not None and now.state == "running":
        raise UserError(f"a projection of run {run.id} is being made already; wait for it or stop it")
    options = [f"--{name}={value}" for name, value in asdict(request).items()]
    try:
        projection_folder(run).mkdir(parents=True, exist_ok=True)
        with (projection_folder(run) / LOG).open("wb") as log:
            arguments = ["project", str(run.path), *options, f"--device={device}"]
            worker = detach.start_detached(arguments, log)
        with contextlib.suppress(psutil.Error):  # it may be gone before it was looked at
            process = {"pid": worker.pid, "started": psutil.Process(worker.pid).create_time(), "host": platform.node()}
            _write(run, Working("running", request, "starting", 0, 0, process))
    except OSError as error:
        raise AecoreError(describe_os_error(error, "starting a projection")) from None


def stop(run: Run, wait_s: float = 10) -> None:
    """Stop making the run's projection and forget it; the one before stays."""
    now = working(run)
    if now is None:
        return
    if now.state == "running":
        if now.process.get("host") != platform.node():
            raise UserError(f"the projection of run {run.id} is made on {now.process.get('host')}; stop it there")
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(now.process["pid"]), signal.SIGTERM)
        deadline = time.monotonic() + wait_s
        while is_alive(now.process) and time.monotonic() < deadline:
            time.sleep(0.05)
    forget(run)


def forget(run: Run) -> None:
    """Take away what a failed or interrupted attempt left."""
    progress_file(run).unlink(missing_ok=True)


def work(
    run: Run, request: ProjectionRequest, device: str = "auto", report: Report = lambda stage, done, total, note: None
) -> Projection:
    """Make the projection in this process, telling how far it is, and keep it with the run.

    Codes kept in the run serve where there are enough of them, else the images are encoded. SIGTERM and Ctrl-C end it
    and leave the projection that was there. Raises `UserError` while another process is at it.
    """
    demo.refuse("new projections")
    request.check(code_size(run))
    projection_folder(run).mkdir(parents=True, exist_ok=True)
    try:
        held = filelock.FileLock(projection_folder(run) / LOCK, timeout=WAIT_S).acquire()
    except filelock.Timeout:
        raise UserError(f"a projection of run {run.id} is being made already; wait for it or stop it") from None
    with held, _ended_by_signals():
        told = _Telling(run, request, report)
        try:
            made = _made(run, request, device, told)
            made.save(run)
        except (KeyboardInterrupt, SystemExit):
            forget(run)
            raise
        except Exception as error:
            line = str(error) if isinstance(error, AecoreError) else f"{type(error).__name__}: {error}"
            told.failed(line.splitlines()[0])
            raise
        forget(run)
        return made


def _made(run: Run, request: ProjectionRequest, device: str, told: _Telling) -> Projection:
    told.stage("encoding")
    codes = _codes(run, request.points, device, told.report)
    told.of(codes.indices, codes.labels)
    told.stage("looking for neighbours" if request.method == "tsne" else "drawing")
    where = choose(device)[0].name if request.method == "tsne" else "cpu"
    return project_codes(codes, request, told.iteration, told.moved, lambda: told.stage("measuring"), where)


def _codes(run: Run, points: int, device: str, report: Report) -> Codes:
    kept = read_codes(run)
    if kept is not None and kept.codes is not None and len(kept.codes) >= points:
        return subset_of_codes(kept, points)
    from aecore.inference import open_run  # torch, only now

    trained = open_run(run, device, report)
    codes, labels, indices = trained.encoded(points)
    errors = np.full(len(indices), np.nan, np.float32)  # nobody asks for them here
    return Codes(codes, labels, indices, errors, str(run.experiment().corruption))


def _write(run: Run, now: Working) -> None:
    about = {name: value for name, value in vars(now).items() if name not in ("indices", "labels", "coordinates")}
    about["request"] = asdict(now.request)
    arrays = {"indices": now.indices, "labels": now.labels}
    if now.coordinates is not None:
        arrays["coordinates"] = now.coordinates
    atomic_write(progress_file(run), safetensors.numpy.save(arrays, {"about": json.dumps(about)}))


class _Telling:
    """Writes down how far the work is, now and then."""

    def __init__(self, run: Run, request: ProjectionRequest, report: Report) -> None:
        self.run, self.report, self.written = run, report, 0.0
        self.now = Working("running", request, "starting", 0, 0, this_process())

    def _change(self, at_once: bool, **changes: Any) -> None:
        self.now = replace(self.now, **changes)
        if at_once or time.monotonic() - self.written > EVERY_S:
            _write(self.run, self.now)
            self.written = time.monotonic()

    def stage(self, name: str) -> None:
        self._change(True, stage=name)
        self.report("projecting", 0, 0, name)

    def of(self, indices: np.ndarray, labels: np.ndarray) -> None:
        self._change(True, indices=indices.astype(np.int32), labels=labels.astype(np.uint8))

    def iteration(self, done: int, total: int) -> None:
        self.now = replace(self.now, stage="moving points", done=done, total=total)
        self.report("projecting", done, total, self.now.request.method)

    def moved(self, coordinates: np.ndarray) -> None:
        if np.isfinite(coordinates).all():
            self._change(False, coordinates=np.ascontiguousarray(coordinates, np.float32))

    def failed(self, error: str) -> None:
        with contextlib.suppress(OSError):  # on a full disk even this may fail: the dead process tells then
            self._change(True, state="failed", error=error)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends the work as Ctrl-C does, so that what it left is cleared away."""

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(143)

    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
