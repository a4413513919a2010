"""Measuring a run as a job: a process of its own, whose progress anyone may read.

One at a time for a run. The command `aecore measure` is the job, whoever starts it.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aecore import access
from aecore.errors import AecoreError, UserError, told
from aecore.files import atomic_write
from aecore.jobs import beside
from aecore.runs.json_files import json_bytes, read_table
from aecore.runs.measures import Measures
from aecore.runs.process import is_alive, this_process
from aecore.runs.progress import Report, silent
from aecore.runs.robustness import Robustness
from aecore.runs.run import Run

FOLDER, PROGRESS = ".measuring", "progress.json"
WRITE_EVERY_S = 0.2
MEASURING = "measuring"
"""The stage that counts the steps; what others count is within a step."""
LIKELIHOOD_SAMPLES = 5000
"""What is asked for from the app: of more the bound hardly changes (Burda et al., 2016)."""


@dataclass(frozen=True)
class MeasuringProgress:
    """An unfinished measuring: `state` is running, interrupted (its process is gone) or failed."""

    state: str
    what: str
    """What is done now, in words."""
    share: float
    """How much is done, from 0 to 1."""
    samples: int = 0
    """Of the bound on the likelihood, where only that is asked for."""
    error: str = ""
    process: dict[str, Any] = field(default_factory=dict)


def folder_of(run: Run) -> Path:
    """What a measuring writes beside its results: its progress, its lock and its output."""
    return run.file(FOLDER)


def start(run: Run, *, again: bool = False, samples: int = 0, strengths: bool = False, device: str = "auto") -> None:
    """Start measuring a run in a process that outlives this one, its terminal and the browser.

    `again` measures anew what was measured already; with `samples` a VAE's likelihood is bounded with so many of them;
    with `strengths` what noise of every strength does to it is measured, and nothing else.
    Raises `UserError` while the run is being measured, and to those who may not.
    """
    access.permit("measuring", run, role=_role(run))
    current = read_progress(run)
    if current is not None and current.state == "running":
        raise _already_running(run)

    def started(process: dict[str, Any]) -> None:
        write_progress(run, MeasuringProgress("running", "starting", 0, samples, process=process))

    asked = ["--strengths"] if strengths else [f"--likelihood={samples}"]
    arguments = ["measure", str(run.path), f"--device={device}", *asked, *(["--again"] if again else [])]
    beside.launch(folder_of(run), arguments, "starting to measure", started)


@told("stopping the measuring")
def stop(run: Run, wait_s: float = 10) -> None:
    """Stop the run's measuring and forget it; earlier measures stay."""
    access.permit("stopping the measuring of runs", run, role=_role(run))
    current = read_progress(run)
    if current is None:
        return
    if current.state == "running":
        beside.end(current.process, f"the measuring of run {run.id}", wait_s)
    forget(run)


@told("measuring")
def work(
    run: Run, device: str = "auto", report: Report = silent, *, whole: bool = True, samples: int = 0, images: int = 500
) -> Measures:
    """Measure a run in this process, reporting its progress, and keep what was found: the `whole` of it, and with
    `samples` the bound on a VAE's likelihood with so many, on so many test images.

    SIGTERM and Ctrl-C end it and leave the earlier measures. Raises `UserError` while another process measures the run.
    """
    access.check("measuring", run, role=_role(run))
    progress = _Writer(run, 0 if whole else samples, report)
    with beside.alone(folder_of(run), _already_running(run), lambda: forget(run), progress.failed):
        from aecore.measures import measure, measure_likelihood  # torch, only now

        found = measure(run, device, progress) if whole else None
        if samples or found is None:
            found = measure_likelihood(run, samples, images, device, progress)
        return found


@told("measuring")
def work_on_strengths(run: Run, device: str = "auto", report: Report = silent) -> Robustness:
    """Likewise measure what noise of every strength does to a run."""
    access.check("measuring", run, role=_role(run))
    progress = _Writer(run, 0, report)
    with beside.alone(folder_of(run), _already_running(run), lambda: forget(run), progress.failed):
        from aecore.measures import measure_strengths  # torch, only now

        return measure_strengths(run, device, progress)


def read_progress(run: Run) -> MeasuringProgress | None:
    """The run's unfinished measuring; None where there is none, or its file cannot be read."""
    try:
        found = MeasuringProgress(**read_table(folder_of(run) / PROGRESS, f"run {run.id}"))
        found = replace(found, share=min(max(float(found.share), 0.0), 1.0), what=str(found.what))
    except (AecoreError, TypeError, ValueError):
        return None
    if found.state == "running" and not is_alive(found.process):
        return replace(found, state="interrupted")
    return found


def write_progress(run: Run, progress: MeasuringProgress) -> None:
    atomic_write(folder_of(run) / PROGRESS, json_bytes(asdict(progress)))


def forget(run: Run) -> None:
    """Remove what a failed or interrupted attempt has left."""
    (folder_of(run) / PROGRESS).unlink(missing_ok=True)


class _Writer:
    """Writes and reports how far the measuring in this process is: it is called as a `Report`."""

    def __init__(self, run: Run, samples: int, report: Report) -> None:
        self.run, self.report, self.written = run, report, 0.0
        self.progress = MeasuringProgress("running", "starting", 0, samples, process=this_process())
        self.steps = (0.0, 1.0)

    def __call__(self, stage: str, done: float, total: float, note: str) -> None:
        self.report(stage, done, total, note)
        within = 0.0
        if stage == MEASURING:
            self.steps = (done, total or 1)
        elif total:
            within = min(done / total, 1.0)
        share = (self.steps[0] + within) / self.steps[1]
        begins = note != self.progress.what
        self.progress = replace(self.progress, what=note or stage, share=min(share, 1.0))
        if begins or time.monotonic() - self.written > WRITE_EVERY_S:
            write_progress(self.run, self.progress)
            self.written = time.monotonic()

    def failed(self, error: str) -> None:
        write_progress(self.run, replace(self.progress, state="failed", error=error))


def _already_running(run: Run) -> UserError:
    return UserError(f"run {run.id} is being measured already; wait for it or stop it")


def _role(run: Run) -> access.Role:
    return "manage" if run.shipped else "train"
