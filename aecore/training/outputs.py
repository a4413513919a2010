"""TODO docstring."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from aecore import data
from aecore.data import thumbnails
from aecore.files import atomic_write
from aecore.latent.encode import measure_codes
from aecore.metrics.evaluation import NOISE_SEED
from aecore.models import Autoencoder
from aecore.models.weights import weights_bytes
from aecore.runs.store import RESUME, SNAPSHOTS, WEIGHTS, Run
from aecore.training.checkpoint import State, state_bytes
from aecore.training.loop import Epoch
from aecore.training.snapshots import Snapshots

STATUS_EVERY_S = 0.5


SAVE_SHARE = 20
"""At most one part in this many of the time goes into saving: a save waits that many times its own length."""


def save_codes(run: Run, model: Autoencoder, test: torch.Tensor, labels: np.ndarray) -> None:
    """Write the codes of test images, uint8 (N, C, H, W), and small versions of those that do not ship."""
    experiment = run.experiment()
    name = experiment.data.name
    rows = thumbnails.chosen(name, tuple(test.shape[1:]), len(test))  # type: ignore[arg-type]
    codes = measure_codes(model, test, labels, experiment.corruption, NOISE_SEED, rows)
    if name not in thumbnails.SHIPPED:
        codes = replace(codes, images=thumbnails.small(test[torch.from_numpy(rows).to(test.device)].cpu().numpy()))
    codes.save(run)


class Status:
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


class Saver:
    """Saves weights, panel and the state to resume from, as often as a small share of the time allows."""

    def __init__(self, run: Run, state: State, snapshots: Snapshots) -> None:
        self.run, self.state, self.snapshots = run, state, snapshots
        self.due = 0.0
        self.saved_epoch = state.epoch

    def __call__(self) -> None:
        begun = time.monotonic()
        atomic_write(self.run.file(SNAPSHOTS), self.snapshots.to_bytes())
        atomic_write(self.run.file(WEIGHTS), weights_bytes(self.state.model))
        # Last: whatever it promises is on the disk by then.
        atomic_write(self.run.file(RESUME), state_bytes(self.state))
        self.saved_epoch = self.state.epoch
        ended = time.monotonic()
        self.due = ended + (ended - begun) * SAVE_SHARE

    def if_due(self) -> None:
        if time.monotonic() >= self.due:
            self()


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


def layer_line(epoch: Epoch) -> dict[str, Any]:
    """A line of layers.jsonl."""
    few = len(epoch.code_std) <= MOST_UNITS
    return {"epoch": epoch.epoch, "layers": epoch.layers} | ({"code_std": epoch.code_std} if few else {})


def rounded(value: Any, digits: int = 8) -> Any:
    """Every number in `value` to eight significant digits: more than float32 holds, and half the file. What is no
    finite number becomes None: a gradient may overflow without harm to the run."""
    if isinstance(value, dict):
        return {key: rounded(part, 5 if key in ("layers", "code_std") else digits) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part, digits) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return value
