"""What a training run writes into its directory: status, metrics, weights, the state to resume from, codes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from aecore.data import thumbnails
from aecore.files import reason
from aecore.latent.encode import measure_codes
from aecore.metrics.evaluation import NOISE_SEED
from aecore.models.network import Network
from aecore.models.weights import weights_bytes
from aecore.runs.progress import Report
from aecore.runs.run import EPOCH_CODES, LAYERS, METRICS, RESUME, SNAPSHOTS, STEPS, WEIGHTS, Run
from aecore.training.checkpoint import State, state_bytes
from aecore.training.code_keeper import CodeKeeper
from aecore.training.loop import Epoch, StepLog
from aecore.training.snapshots import Snapshots

STATUS_EVERY_S = 0.5
"""status.json is written no more often than this while only the progress changes."""
SAVE_SHARE = 20
"""At most one part in this many of the time goes into saving: a save waits that many times its own length."""
MOST_UNITS = 64
"""The spread of every unit is written for codes up to this size."""


class Status:
    """Writes status.json, either at once or at most every half second."""

    def __init__(self, run: Run, total_epochs: int) -> None:
        self.run, self.written = run, 0.0
        self.constant = {"epochs": total_epochs}

    def write(self, **changes: Any) -> None:
        self.run.write_status(**self.constant, **changes)
        self.written = time.monotonic()

    def write_if_due(self, **changes: Any) -> None:
        if time.monotonic() - self.written >= STATUS_EVERY_S:
            self.write(**changes)


class Saver:
    """Saves weights, panel, codes and the state to resume from, as often as a small share of the time allows."""

    def __init__(self, run: Run, state: State, snapshots: Snapshots, codes: CodeKeeper | None) -> None:
        self.run, self.state, self.snapshots, self.codes = run, state, snapshots, codes
        self.on_unkept: Callable[[str], None] = lambda why: None
        """Called once where the codes over the epochs could not be written, with the reason."""
        self.due = 0.0
        self.saved_epoch = state.epoch

    def save(self) -> None:
        begun = time.monotonic()
        # In this order, so that the other files are never older than the state that a run resumes from.
        self._save_codes()
        self.run.write_files(
            {
                SNAPSHOTS: self.snapshots.to_bytes(),
                WEIGHTS: weights_bytes(self.state.measured),
                RESUME: state_bytes(self.state),
            }
        )
        self.saved_epoch = self.state.epoch
        ended = time.monotonic()
        self.due = ended + (ended - begun) * SAVE_SHARE

    def save_if_due(self) -> None:
        if time.monotonic() >= self.due:
            self.save()

    def keep_codes(self, last: bool = False) -> None:
        """Take the codes of this epoch, or make sure that those of the `last` one are there.

        They are no part of the training: neither a GPU without room for so many images at once nor a disk without room
        for the file ends it."""
        if self.codes is None:
            return
        try:
            (self.codes.finish if last else self.codes.add)(self.state.epoch)
        except (RuntimeError, MemoryError) as error:
            self._give_up(error)

    def _save_codes(self) -> None:
        if self.codes is None or not self.codes.changed:
            return
        try:
            self.run.write_files({EPOCH_CODES: self.codes.to_bytes()})
            self.codes.saved()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.codes = None
        self.on_unkept(reason(error))


class Recorder:
    """Writes what the loop measures into the run's `.jsonl` files, panel and codes, and reports the progress."""

    def __init__(self, saver: Saver, status: Status, report: Report, total_epochs: int) -> None:
        self.run, self.state, self.snapshots = saver.run, saver.state, saver.snapshots
        self.saver, self.status = saver, status
        self.report, self.total_epochs = report, total_epochs

    def step(self, step: int, steps: int) -> None:
        """After `step` of the `steps` of an epoch."""
        self.report("training", self.state.epoch + step / steps, self.total_epochs, "")
        self.status.write_if_due(epoch=self.state.epoch, step=step, steps=steps)

    def log(self, log: StepLog) -> None:
        """Add a line to steps.jsonl, and a row to the panel where its ticks are shorter than an epoch."""
        line = {"epoch": log.epoch, "step": log.step, "train_loss": log.train_loss}
        if log.validation_loss is not None:
            line["validation_loss"] = log.validation_loss
        if math.isfinite(sum(line.values())):  # a loss that is not finite is reported at the end of the epoch
            self.run.append(STEPS, rounded(line))
            if self.snapshots.tick < 1:
                self.snapshots.add(log.epoch)

    def epoch(self, epoch: Epoch) -> None:
        """Add a line to metrics.jsonl and layers.jsonl, and a row to the panel and to the codes."""
        self.run.append(METRICS, rounded(epoch.line()))
        self.run.append(LAYERS, rounded(layer_line(epoch)))
        if self.snapshots.tick == 1:
            self.snapshots.add(epoch.epoch)
        self.saver.keep_codes()
        self.report("training", epoch.epoch, self.total_epochs, f"loss {epoch.train_loss:.4f}")
        self.status.write_if_due(epoch=self.state.epoch, step=0, steps=0)


def save_codes(run: Run, model: Network, test: torch.Tensor, labels: np.ndarray, weights: str) -> None:
    """Write the codes of test images, uint8 (N, C, H, W), with thumbnails of those whose set does not ship; `weights`
    is the SHA-256 of the model's file."""
    experiment = run.experiment()
    name = experiment.data.name
    rows = thumbnails.kept_indices(name, tuple(test.shape[1:]), len(test))  # type: ignore[arg-type]
    codes = measure_codes(model, test, labels, experiment.corruption, NOISE_SEED, rows)
    if name not in thumbnails.SHIPPED:
        codes = replace(codes, images=thumbnails.shrink(test[torch.from_numpy(rows).to(test.device)].cpu().numpy()))
    replace(codes, weights=weights).save(run)


def layer_line(epoch: Epoch) -> dict[str, Any]:
    """A line of layers.jsonl."""
    few = len(epoch.code_std) <= MOST_UNITS
    return {"epoch": epoch.epoch, "layers": epoch.layers} | ({"code_std": epoch.code_std} if few else {})


def rounded(value: Any, digits: int = 8) -> Any:
    """Every number in `value` to eight significant digits, which is more than float32 has and half the file; five for
    layers and codes. A number that is not finite becomes None: a gradient may overflow without harm to the run."""
    if isinstance(value, dict):
        return {key: rounded(part, 5 if key in ("layers", "code_std") else digits) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part, digits) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return value
