"""From a queued run directory to a finished run: data, training, saving, evaluation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from aecore import data, pictures
from aecore.classifier import reads
from aecore.devices import Device
from aecore.errors import AecoreError, MistakeError
from aecore.evaluation import NOISE_SEED, evaluate
from aecore.experiment import Experiment
from aecore.latent import measure_codes
from aecore.models import Autoencoder
from aecore.settings import Data
from aecore.store import EVALUATION, LAYERS, METRICS, RESUME, SNAPSHOTS, STEPS, WEIGHTS, Run, now, write_whole
from aecore.training.loop import Epoch, Images, Steps, epochs, passes
from aecore.training.machine import ready, versions
from aecore.training.snapshots import Snapshots
from aecore.training.state import State, new_state, restore, state_bytes, weights_bytes
from aecore.training.together import ALONE, Together
from aecore.training.trial import Choice, choose

STATUS_EVERY_S = 0.5
SAVE_SHARE = 20
"""At most one part in this many of the time goes into saving: a save waits that many times its own length."""
STOP_WITHIN_S = 3
"""An epoch that would go on for longer than this after a stop is abandoned; it is trained again on resuming."""


def train_run(
    run: Run,
    device: Device,
    stop: Callable[[], bool],
    report: Callable[[str, float, float, str], None] = lambda stage, done, total, note: None,
    others: Together = ALONE,
) -> str:
    """Train `run` from where it stands on a device that is held for it; return `finished` or `stopped`.

    `others` share the steps: each of them is in `assist` meanwhile. Raises `AecoreError` when the data cannot be had,
    the device does not work or the loss is no longer finite.
    """
    experiment = run.experiment()
    told = _Status(run, experiment.training.epochs)

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
        told.now(tried_s=_rounded(choice.seconds_a_step, 4))
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
    save = _Saver(run, state, snapshots)
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
            run.append(STEPS, _rounded(line))
            if snapshots.tick < 1:
                snapshots.add(seen.epoch)

    hooks = {"stop": others.agreed(stop_now), "on_step": on_step, "on_log": on_log, "others": others}
    for epoch in epochs(experiment, state, arrays, precision=choice.precision, **hooks):
        if not math.isfinite(epoch.train_loss + epoch.test_loss):
            raise AecoreError(f"the loss is no longer a number after epoch {epoch.epoch}: lower training.lr")
        run.append(METRICS, _rounded(epoch.line()))
        run.append(LAYERS, _rounded(_movement(epoch)))
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


def assist(run: Run, device: Device, others: Together) -> str:
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


def save_codes(run: Run, model: Autoencoder, test: torch.Tensor, labels: np.ndarray) -> None:
    """Write the codes of test images, uint8 (N, C, H, W), and small versions of those that do not ship."""
    experiment = run.experiment()
    name = experiment.data.name
    rows = pictures.chosen(name, tuple(test.shape[1:]), len(test))  # type: ignore[arg-type]
    codes = measure_codes(model, test, labels, experiment.corruption, NOISE_SEED, rows)
    if name not in pictures.SHIPPED:
        codes = replace(codes, images=pictures.small(test[torch.from_numpy(rows).to(test.device)].cpu().numpy()))
    codes.save(run)


class _Status:
    """Writes status.json, either at once or at most every half second."""

    def __init__(self, run: Run, total_epochs: int) -> None:
        self.run, self.last = run, 0.0
        self.constant = {"epochs": total_epochs}

    def now(self, **changes: Any) -> None:
        self.run.write_status(**self.constant, **changes)
        self.last = time.monotonic()

    def sometimes(self, **changes: Any) -> None:
        if time.monotonic() - self.last >= STATUS_EVERY_S:
            self.now(**changes)


class _Saver:
    """Saves weights, panel and the state to resume from, as often as a small share of the time allows."""

    def __init__(self, run: Run, state: State, snapshots: Snapshots) -> None:
        self.run, self.state, self.snapshots = run, state, snapshots
        self.due = 0.0
        self.saved_epoch = state.epoch

    def __call__(self) -> None:
        begun = time.monotonic()
        write_whole(self.run.file(SNAPSHOTS), self.snapshots.to_bytes())
        write_whole(self.run.file(WEIGHTS), weights_bytes(self.state.model))
        # Last: whatever it promises is on the disk by then.
        write_whole(self.run.file(RESUME), state_bytes(self.state))
        self.saved_epoch = self.state.epoch
        ended = time.monotonic()
        self.due = ended + (ended - begun) * SAVE_SHARE

    def if_due(self) -> None:
        if time.monotonic() >= self.due:
            self()


def _tried(experiment: Experiment, train: torch.Tensor, processes: int) -> Choice:
    """The choice of a format, by steps as large as those of one process, and as many."""
    size = math.ceil(experiment.training.batch_size / processes)
    images = train[: math.ceil(len(train) / processes)]
    return choose(experiment.changed({"training.batch_size": size}), images, experiment.training.epochs)


def _on_device(images: data.ImageSet, wanted: Data, device: torch.device) -> Images:
    """The images a run works on. Raises `MistakeError` when the validation images leave nothing to train on."""
    held = wanted.validation_images
    rest = len(images.x_train) - held
    if rest < 1:
        raise MistakeError(
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


def about_images(images: data.DataSet) -> dict[str, Any]:
    """What a reader without the image set must know of it."""
    return {
        "name": images.name,
        "title": images.title,
        "image_shape": list(images.image_shape),
        "classes": list(images.classes),
        "citation": images.citation,
    }


MOST_UNITS = 64
"""Codes larger than this are summed up by their dead units alone."""


def _movement(epoch: Epoch) -> dict[str, Any]:
    """A line of layers.jsonl."""
    few = len(epoch.code_std) <= MOST_UNITS
    return {"epoch": epoch.epoch, "layers": epoch.layers} | ({"code_std": epoch.code_std} if few else {})


def _rounded(value: Any, digits: int = 8) -> Any:
    """Every number in `value` to eight significant digits: more than float32 holds, and half the file. What is no
    finite number becomes None: a gradient may overflow without harm to the run."""
    if isinstance(value, dict):
        return {key: _rounded(part, 5 if key in ("layers", "code_std") else digits) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part, digits) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return value
