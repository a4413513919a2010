"""From a queued run directory to a finished run: data, training, saving, evaluation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from aecore import data
from aecore.config.experiment import Experiment
from aecore.config.sections import Data
from aecore.devices import Device
from aecore.errors import AecoreError, UserError
from aecore.metrics.evaluation import evaluate
from aecore.models.digit_classifier import reads
from aecore.runs.store import EVALUATION, LAYERS, METRICS, RESUME, STEPS, Run, now
from aecore.training.checkpoint import new_state, restore
from aecore.training.distributed import SINGLE_PROCESS, Group
from aecore.training.loop import Images, Steps, epochs, passes
from aecore.training.outputs import Saver, Status, about_images, layer_line, rounded, save_codes
from aecore.training.precision import Choice, choose
from aecore.training.setup import ready, versions
from aecore.training.snapshots import Snapshots

STOP_WITHIN_S = 3
"""An epoch that would go on for longer than this after a stop is abandoned; it is trained again on resuming."""


def train_run(
    run: Run,
    device: Device,
    stop: Callable[[], bool],
    report: Callable[[str, float, float, str], None] = lambda stage, done, total, note: None,
    others: Group = SINGLE_PROCESS,
) -> str:
    """Train `run` from where it stands on a device that is held for it; return `finished` or `stopped`.

    `others` share the steps: each of them is in `assist` meanwhile. Raises `AecoreError` when the data cannot be had,
    the device does not work or the loss is no longer finite.
    """
    experiment = run.experiment()
    told = Status(run, experiment.training.epochs)

    def downloading(what: str, done: int, total: int) -> None:
        report("preparing", done, total, what)
        told.sometimes(state="preparing", stage={"what": what, "done": done, "total": total})

    torch_device = ready(device, experiment)
    told.now(
        state="preparing",
        device=str(torch_device) if others.world == 1 else torch_device.type,
        device_name=device.title,
        processes=others.world,
        started=now(),
        versions=versions(),
        threads=torch.get_num_threads(),
        stage=None,
    )
    report("preparing", 0, 0, experiment.data.name)
    try:
        images = data.load(experiment.data.name, downloading)
    except AecoreError:
        if not stop():
            raise
        images = None  # Ctrl-C ended the download
    goes_on = others.tell(images is not None and not stop())
    if images is None or not goes_on:
        told.now(state="stopped", ended=now(), process=None)
        return "stopped"
    arrays = _on_device(images, experiment.data, torch_device)
    told.now(data=about_images(images.about))

    state = new_state(experiment, images.about.image_shape, len(arrays.train), torch_device)
    # A run goes on in the format it began in.
    resumes = run.file(RESUME).exists()
    began = run.status().get("precision") if resumes else None
    choice = Choice(began) if began else _tried(experiment, arrays.train, others.world)
    others.tell({"precision": choice.precision, "resumes": resumes})
    told.now(precision=choice.precision)
    if choice.seconds_a_step:
        told.now(tried_s=rounded(choice.seconds_a_step, 4))
    steps = math.ceil(len(arrays.train) / experiment.training.batch_size)
    log_every = experiment.training.log_every
    wrong_digits = experiment.evaluation.wrong_digits
    snapshots = Snapshots(
        state.model,
        arrays.test,
        arrays.test_labels,
        experiment.corruption,
        tick=log_every / steps if log_every and log_every < steps else 1,
        read=wrong_digits,
    )
    if resumes:
        restore(state, run.file(RESUME))
        snapshots.take_up(run, state.epoch)
    save = Saver(run, state, snapshots)
    told.now(state="running", stage=None, epoch=state.epoch, step=0, steps=0)
    begun = time.monotonic()

    def on_step(step: int, steps: int) -> None:
        report("training", state.epoch + step / steps, experiment.training.epochs, "")
        told.sometimes(epoch=state.epoch, step=step, steps=steps)

    def stop_now() -> bool:
        return stop() and time.monotonic() - begun > STOP_WITHIN_S

    def on_log(seen: Steps) -> None:
        line = {"epoch": seen.epoch, "step": seen.step, "train_loss": seen.train_loss}
        if seen.validation_loss is not None:
            line["validation_loss"] = seen.validation_loss
        if math.isfinite(sum(line.values())):  # the end of the epoch tells of a loss that is no number
            run.append(STEPS, rounded(line))
            if snapshots.tick < 1:
                snapshots.add(seen.epoch)

    hooks = {"stop": others.agreed(stop_now), "on_step": on_step, "on_log": on_log, "others": others}
    for epoch in epochs(experiment, state, arrays, precision=choice.precision, **hooks):
        if not math.isfinite(epoch.train_loss + epoch.test_loss):
            raise AecoreError(f"the loss is no longer a number after epoch {epoch.epoch}: lower training.lr")
        run.append(METRICS, rounded(epoch.line()))
        run.append(LAYERS, rounded(layer_line(epoch)))
        if snapshots.tick == 1:
            snapshots.add(epoch.epoch)
        report("training", epoch.epoch, experiment.training.epochs, f"loss {epoch.train_loss:.4f}")
        told.sometimes(epoch=state.epoch, step=0, steps=0)
        save.if_due()
        begun = time.monotonic()
        if others.tell(stop()):
            save()
            break

    if state.epoch < experiment.training.epochs:
        told.now(state="stopped", ended=now(), process=None, epoch=save.saved_epoch, step=0, steps=0)
        return "stopped"
    snapshots.finish(state.epoch)
    save()
    told.now(state="evaluating", epoch=state.epoch, step=0, steps=0)
    results: list[dict[str, Any]] = []
    for corruption in experiment.evaluation.corruptions:
        measured = evaluate(
            state.model,
            arrays.test,
            corruption,
            lambda done, total, what=corruption: report("evaluating", done, total, what.label),
            labels=arrays.test_labels if reads(experiment.data.name) else None,
        )
        results.append({"run": run.id, "split": "test", **measured})
    run.write_json(EVALUATION, {"evaluations": results})
    save_codes(run, state.model, arrays.test, arrays.test_labels)
    told.now(state="finished", ended=now(), process=None)
    run.file(RESUME).unlink(missing_ok=True)
    return "finished"


def assist(run: Run, device: Device, others: Group) -> str:
    """Share the steps of the `train_run` that the first process is in, on a device of one's own; return `finished` or
    `stopped`. Writes nothing."""
    experiment = run.experiment()
    torch_device = ready(device, experiment)
    if not others.tell():
        return "stopped"
    images = data.load(experiment.data.name)  # the first process has made it ready
    arrays = _on_device(images, experiment.data, torch_device)
    state = new_state(experiment, images.about.image_shape, len(arrays.train), torch_device)
    begins = others.tell()
    if begins["resumes"]:
        restore(state, run.file(RESUME))
    hooks = {"stop": others.agreed(), "others": others}
    for _ in passes(experiment, state, arrays, precision=begins["precision"], **hooks):
        if others.tell():
            break
    return "finished" if state.epoch == experiment.training.epochs else "stopped"


def _tried(experiment: Experiment, train: torch.Tensor, processes: int) -> Choice:
    """The choice of a format, by steps as large as those of one process, and as many."""
    size = math.ceil(experiment.training.batch_size / processes)
    images = train[: math.ceil(len(train) / processes)]
    return choose(experiment.changed({"training.batch_size": size}), images, experiment.training.epochs)


def _on_device(images: data.ImageSet, wanted: Data, device: torch.device) -> Images:
    """The images a run works on. Raises `UserError` when the validation images leave nothing to train on."""
    held = wanted.validation_images
    rest = len(images.x_train) - held
    if rest < 1:
        raise UserError(
            f"data.validation_images: {held:,} leave nothing to train on; {wanted.name} has {len(images.x_train):,}"
        )

    def moved(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(array)).to(device)

    return Images(
        train=moved(images.x_train[: min(rest, wanted.train_images or rest)]),
        test=moved(images.x_test),
        test_labels=np.array(images.y_test),
        validation=moved(images.x_train[rest:]) if held else None,
    )
