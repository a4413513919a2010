"""From a queued run directory to a finished run: data, training, saving, evaluation."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from aecore import __version__, data, pictures
from aecore.classifier import reads
from aecore.devices import Device
from aecore.errors import AecoreError, MistakeError
from aecore.evaluation import NOISE_SEED, evaluate
from aecore.latent import measure_codes
from aecore.models import Autoencoder
from aecore.settings import Data
from aecore.store import EVALUATION, LAYERS, METRICS, RESUME, SNAPSHOTS, STEPS, WEIGHTS, Run, now, write_whole
from aecore.training.loop import Epoch, Images, Steps, epochs
from aecore.training.memory import keep_freed_memory
from aecore.training.snapshots import Snapshots
from aecore.training.state import State, new_state, restore, state_bytes, weights_bytes
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
) -> str:
    """Train `run` from where it stands on a device that is held for it; return `finished` or `stopped`.

    Raises `AecoreError` when the data cannot be had, the device does not work or the loss is no longer finite.
    """
    experiment = run.experiment()
    told = _Status(run, experiment.training.epochs)

    def downloading(what: str, done: int, total: int) -> None:
        report("preparing", done, total, what)
        told.sometimes(state="preparing", stage={"what": what, "done": done, "total": total})

    torch_device = _usable(device)
    if experiment.training.deterministic:
        _repeatable(torch_device)
    if torch_device.type == "cpu":
        keep_freed_memory()
    told.now(
        state="preparing",
        device=str(torch_device),
        device_name=device.title,
        started=now(),
        versions=_versions(),
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
    if images is None or stop():
        told.now(state="stopped", ended=now(), process=None)
        return "stopped"
    arrays = _on_device(images, experiment.data, torch_device)
    told.now(data=about_images(images.about))

    state = new_state(experiment, images.about.image_shape, len(arrays.train), torch_device)
    # A run goes on in the format it began in.
    began = run.status().get("precision") if run.file(RESUME).exists() else None
    choice = Choice(began) if began else choose(experiment, arrays.train, experiment.training.epochs)
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
    if run.file(RESUME).exists():
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

    hooks = {"stop": stop_now, "on_step": on_step, "on_log": on_log}
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
        if stop():
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


def _usable(device: Device) -> torch.device:
    """The torch device, tried out. Raises `AecoreError` when the driver is there and torch cannot use it."""
    try:
        chosen = torch.device(device.name)
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        why = str(error).strip().splitlines()[0]
        raise AecoreError(f"PyTorch cannot use {device.name} ({device.title}): {why}; try the CPU") from None
    return chosen


def _repeatable(device: torch.device) -> None:
    """Have the same seed give the same bits on this device, for the rest of the process. A CPU needs nothing for it."""
    if device.type != "cuda":
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when the device is first multiplied on
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def _versions() -> dict[str, str]:
    return {
        "aecore": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }


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
