"""From a queued run directory to a finished run, phase by phase.

Prepare the images, choose a way of computing, build or restore the state, train the epochs, evaluate, finish. Where
several processes share the steps, rank 0 is in `train_run` and the others are in `assist`, which has the same phases
without anything that is written.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import torch

from aecore import data
from aecore.config.experiment import Experiment
from aecore.config.sections import Data
from aecore.data.streamed import Streamed
from aecore.data.subset import training_images, training_rows
from aecore.devices import Device
from aecore.errors import AecoreError, UserError
from aecore.memory import fits, free_memory
from aecore.metrics.split import Split, describe_split
from aecore.metrics.unused import without_effect
from aecore.models import subnormals
from aecore.runs import sums
from aecore.runs.json_files import now
from aecore.runs.progress import Report, silent
from aecore.runs.run import RESUME, Run
from aecore.training.checkpoint import State, new_state, restore
from aecore.training.code_keeper import CodeKeeper
from aecore.training.distributed import SINGLE_PROCESS, Group
from aecore.training.finish import evaluate_run
from aecore.training.loop import Images, LoopOptions, epochs, training_passes
from aecore.training.outputs import Recorder, Saver, Status, rounded
from aecore.training.remarks import Assessor, left_out
from aecore.training.setup import set_up, versions
from aecore.training.snapshots import Snapshots
from aecore.training.ways import Choice, Way, choose

STOP_WITHIN_S = 3
"""An epoch that has lasted longer than this when a stop is asked for is abandoned; it is trained again on resuming."""


@dataclass(frozen=True)
class _Job:
    """What every phase of `train_run` needs."""

    run: Run
    experiment: Experiment
    status: Status
    stop: Callable[[], bool]
    report: Report
    group: Group


class _Start(TypedDict):
    """How the first epoch begins; rank 0 decides and broadcasts it."""

    way: dict[str, Any]
    resumes: bool


def train_run(
    run: Run,
    device: Device,
    stop: Callable[[], bool],
    report: Report = silent,
    group: Group = SINGLE_PROCESS,
    after: Callable[[Run], None] = lambda run: None,
) -> str:
    """Train `run` from where it is on a device that is held for it; return `finished` or `stopped`.

    `after` is called when everything but the run's state says that it has finished. The other processes of `group`
    share the steps, each in `assist`. Raises `AecoreError` when the images cannot be had, the device does not work or
    the loss is no longer finite.
    """
    # Before anything is computed: PyTorch's threads inherit it.
    with subnormals.as_zero(_takes_subnormals_as_zero(run)) as zero:
        return _train_run(run, device, stop, report, group, after, zero)


def _train_run(
    run: Run,
    device: Device,
    stop: Callable[[], bool],
    report: Report,
    group: Group,
    after: Callable[[Run], None],
    zero: bool,
) -> str:
    experiment = run.experiment()
    job = _Job(run, experiment, Status(run, experiment.training.epochs), stop, report, group)
    prepared = _prepare(job, device)
    if prepared is None:
        job.status.write(state="stopped", ended=now(), process=None)
        return "stopped"
    images, split = prepared
    start = _choose_start(job, images, zero)
    state = _build_or_restore(run, experiment, images, start)
    snapshots = _new_panel(job, state, images)
    codes = CodeKeeper.of(state.measured, images.test, images.test_labels, experiment)
    if start["resumes"]:
        snapshots.restore(run, state.epoch)
        if codes:
            codes.restore(run, state.epoch)
    saver = Saver(run, state, snapshots, codes)
    _train(job, state, images, Way(**start["way"]), saver, split)
    sums.record(run.path, sums.GROWING.__contains__)
    if state.epoch < experiment.training.epochs:
        job.status.write(state="stopped", ended=now(), process=None, epoch=saver.saved_epoch, step=0, steps=0)
        return "stopped"
    snapshots.finish(state.epoch)
    saver.keep_codes(last=True)
    saver.save()
    evaluate_run(job.run, state, images, job.status, job.report)
    after(run)
    # In this order: a run that has finished is not written to again, so nothing may be half then.
    sums.forget(run.path, RESUME)
    job.status.write(state="finished", ended=now(), process=None)
    run.file(RESUME).unlink(missing_ok=True)
    return "finished"


def assist(run: Run, device: Device, group: Group) -> str:
    """Share the steps of the `train_run` that rank 0 is in, on its own device; return `finished` or `stopped`.
    Writes nothing."""
    with subnormals.as_zero(_takes_subnormals_as_zero(run)):
        return _assist(run, device, group)


def _assist(run: Run, device: Device, group: Group) -> str:
    experiment = run.experiment()
    torch_device = set_up(device, experiment)
    if not group.broadcast():
        return "stopped"
    # Rank 0 has made the images ready.
    images = images_on_device(data.load(experiment.data.source), experiment.data, torch_device)
    start: _Start = group.broadcast()
    state, way = _build_or_restore(run, experiment, images, start), Way(**start["way"])
    options = LoopOptions(way.precision, group, way.threads, stop=group.agree_on_stop())
    for _ in training_passes(experiment, state, images, options):
        if group.broadcast():
            break
    return "finished" if state.epoch == experiment.training.epochs else "stopped"


def _prepare(job: _Job, device: Device) -> tuple[Images, Split] | None:
    """Set the device up, bring the images to it and describe them; None when the run was stopped meanwhile."""
    status, name = job.status, job.experiment.data.source

    def downloading(what: str, done: int, total: int) -> None:
        job.report("preparing", done, total, what)
        status.write_if_due(state="preparing", stage={"what": what, "done": done, "total": total})

    torch_device = set_up(device, job.experiment)
    status.write(
        state="preparing",
        device=str(torch_device) if job.group.world == 1 else torch_device.type,
        device_name=device.title,
        processes=job.group.world,
        started=now(),
        versions=versions(),
        threads=torch.get_num_threads(),
        stage=None,
    )
    job.report("preparing", 0, 0, name)
    try:
        loaded = data.load(name, downloading)
    except AecoreError:
        if not job.stop():
            raise
        loaded = None  # Ctrl-C ended the download
    proceed = job.group.broadcast(loaded is not None and not job.stop())
    if loaded is None or not proceed:
        return None
    images = images_on_device(loaded, job.experiment.data, torch_device)
    status.write(data=loaded.about.info.as_json())
    return images, describe_split(training_images(loaded, job.experiment.data)[0], loaded.x_test)


def images_on_device(images: data.ImageSet, wanted: Data, device: torch.device) -> Images:
    """The images a run works on. Raises `UserError` when the validation images leave nothing to train on."""

    def to_device(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(array)).to(device)

    held_out = wanted.validation_images
    rows = training_rows(images.y_train, wanted)
    whole, y = (_grey(images) if wanted.redraw else images).x_train, images.y_train[rows]
    size = len(y) * math.prod(whole.shape[1:])
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_memory()
    streams = isinstance(whole, np.memmap) and not fits(size, free)
    return Images(
        train=Streamed(whole, rows, device) if streams else to_device(whole[rows]),  # type: ignore[arg-type]
        test=to_device(images.x_test),
        test_labels=np.array(images.y_test),
        validation=to_device(images.x_train[-held_out:]) if held_out else None,
        train_labels=np.array(y),
        validation_labels=np.array(images.y_train[-held_out:]) if held_out else None,
    )


def _grey(images: data.ImageSet) -> data.ImageSet:
    """The grey images of which a binary set was drawn. Raises `UserError` for any other set."""
    if images.about.name != "mnist-binary":
        raise UserError(
            f"data.redraw: only the images of mnist-binary are drawn from grey ones, not {images.about.name}"
        )
    return data.load("mnist")


def _choose_start(job: _Job, images: Images, zero: bool) -> _Start:
    """Whether the run resumes, and its way of computing: a resumed run keeps the one in which it began. `zero` says
    whether this process takes subnormal numbers as zero."""
    resumes, recorded = job.run.file(RESUME).exists(), _recorded_way(job.run)
    choice = Choice(recorded) if recorded else _choose_way(job.experiment, images.train, job.group.world)
    way = choice.way._replace(subnormals="zero" if zero else "kept")
    start = _Start(way=way._asdict(), resumes=resumes)
    job.group.broadcast(start)
    job.status.write(precision=way.precision, way=way._asdict())
    if choice.seconds_per_step:
        job.status.write(tried_s=rounded(choice.seconds_per_step, 4))
    return start


def _takes_subnormals_as_zero(run: Run) -> bool:
    recorded = _recorded_way(run)
    return recorded is None or recorded.subnormals == "zero"


def _recorded_way(run: Run) -> Way | None:
    """The way of a run that has begun; older ones have recorded their number format alone."""
    if not run.file(RESUME).exists():
        return None
    status = run.status()
    if "way" in status:
        return Way.read(status["way"])
    precision = status.get("precision")
    return Way(precision, subnormals="kept") if precision in ("float32", "bfloat16") else None


def _choose_way(experiment: Experiment, train: torch.Tensor | Streamed, processes: int) -> Choice:
    """The choice of a way, for steps as large as those of one process, and as many."""
    size, each = (math.ceil(count / processes) for count in (experiment.training.batch_size, len(train)))
    return choose(experiment.changed({"training.batch_size": size}), train, experiment.training.epochs, images=each)


def _build_or_restore(run: Run, experiment: Experiment, images: Images, start: _Start) -> State:
    """The state before the next epoch: new, or as the run last saved it."""
    state = new_state(experiment, images.shape, len(images.train), images.train.device)
    Way(**start["way"]).arrange(state)
    if start["resumes"]:
        run.check(RESUME)
        restore(state, run.file(RESUME))
    return state


def _new_panel(job: _Job, state: State, images: Images) -> Snapshots:
    """The panel, with a row each epoch, or each line of steps.jsonl where those come more often."""
    training = job.experiment.training
    steps, log_every = math.ceil(len(images.train) / training.batch_size), training.log_every
    return Snapshots(
        state.measured,
        images.test,
        images.test_labels,
        job.experiment.corruption,
        tick=log_every / steps if log_every and log_every < steps else 1,
        read=job.experiment.evaluation.wrong_digits,
    )


def _train(job: _Job, state: State, images: Images, way: Way, saver: Saver, split: Split) -> None:
    """Train the epochs that are left, recording each, until the last one or a stop."""
    total = job.experiment.training.epochs
    job.status.write(state="running", stage=None, epoch=state.epoch, step=0, steps=0)
    recorder = Recorder(saver, job.status, job.report, total)
    found = (left_out(data.understood(job.experiment.data.source)), without_effect(job.experiment))
    standing = [remark for remark in found if remark]
    units, values = state.model.plan.code_size, math.prod(images.shape)
    assessor = Assessor(job.run, job.status, job.experiment, split, values, units, state.epoch, standing)
    assessor.begin()
    saver.on_unkept = assessor.unkept
    epoch_begun = time.monotonic()

    def stop_within_epoch() -> bool:
        return job.stop() and time.monotonic() - epoch_begun > STOP_WITHIN_S

    options = LoopOptions(
        way.precision,
        job.group,
        way.threads,
        job.group.agree_on_stop(stop_within_epoch),
        on_step=recorder.step,
        on_log=recorder.log,
        on_unrecorded=assessor.unrecorded,
    )
    for epoch in epochs(job.experiment, state, images, options):
        if not epoch.finite:
            assessor.diverged(epoch)
            raise AecoreError(f"the loss is no longer finite after epoch {epoch.epoch}: lower training.lr")
        recorder.epoch(epoch)
        assessor.epoch(epoch)
        saver.save_if_due()
        epoch_begun = time.monotonic()
        if job.group.broadcast(job.stop()):
            saver.save()
            break
    if state.epoch < total:
        assessor.end()
