"""From a queued run directory to a finished run: data, training, saving, evaluation."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from aecore import __version__, data
from aecore.devices import Device
from aecore.errors import AecoreError
from aecore.evaluation import evaluate
from aecore.store import EVALUATION, RESUME, SNAPSHOTS, WEIGHTS, Run, now, write_whole
from aecore.training.loop import epochs
from aecore.training.snapshots import Snapshots
from aecore.training.state import State, new_state, restore, state_bytes, weights_bytes

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
    train = torch.from_numpy(np.array(images.x_train[: experiment.data.train_images])).to(torch_device)
    test = torch.from_numpy(np.array(images.x_test)).to(torch_device)

    state = new_state(experiment, images.about.image_shape, len(train), torch_device)
    snapshots = Snapshots(test, np.array(images.y_test), experiment.corruption)
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

    for epoch in epochs(experiment, state, train, test, stop=stop_now, on_step=on_step):
        if not math.isfinite(epoch.train_loss + epoch.test_loss):
            raise AecoreError(f"the loss is no longer a number after epoch {epoch.epoch}: lower training.lr")
        run.append_metrics({key: _rounded(value) for key, value in epoch._asdict().items()})
        snapshots.add(epoch.epoch, state.model)
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
    snapshots.finish(state.epoch, state.model)
    save()
    told.now(state="evaluating", epoch=state.epoch, step=0, steps=0)
    results: list[dict[str, Any]] = []
    for corruption in experiment.evaluation.corruptions:
        measured = evaluate(
            state.model,
            test,
            corruption,
            lambda done, total, what=corruption: report("evaluating", done, total, what.label),
        )
        results.append({"run": run.id, "split": "test", **measured})
    run.write_json(EVALUATION, {"evaluations": results})
    told.now(state="finished", ended=now(), process=None)
    run.file(RESUME).unlink(missing_ok=True)
    return "finished"


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


def _versions() -> dict[str, str]:
    return {
        "aecore": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _rounded(value: float) -> float:
    """Eight significant digits: more than float32 holds, and half the file."""
    return float(f"{value:.8g}") if isinstance(value, float) else value
