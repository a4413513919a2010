"""Runs that are written down instead of trained."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import safetensors.numpy

from aecore.presets import preset
from aecore.runs.run import EXPERIMENT, METRICS, SNAPSHOTS, Run
from aecore.runs.store import Store
from aecore.runs.sums import SUMS


def made_run(
    store: Store,
    run_id: str,
    epochs: list[float],
    images: int = 6,
    shape: tuple[int, int, int] = (1, 8, 8),
    **more: Any,
) -> Run:
    """A finished run whose images are plain: image i of row e has the value 10 e + i everywhere, clean is 200 + i."""
    run = Run(store.root / "runs" / run_id)
    run.path.mkdir(parents=True)
    experiment = preset("digits-quick").experiment.model_dump(mode="json")
    run.write_json(EXPERIMENT, experiment | {"name": run_id.partition("-2")[0]})
    run.write_status(state="finished", epoch=int(epochs[-1]))
    lines = [
        {"epoch": epoch, "train_loss": 0.2 / epoch, "test_loss": 0.3 / epoch, "seconds": 1.0}
        for epoch in range(1, int(max(epochs)) + 1)
    ]
    run.file(METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    values = np.arange(images)
    rows = 10 * np.arange(len(epochs))[:, None] + values
    fill = np.ones(shape, np.uint8)
    whole = all(float(epoch).is_integer() for epoch in epochs)
    tensors = {
        "clean": ((200 + values)[:, None, None, None] * fill).astype(np.uint8),
        "labels": (values % 10).astype(np.uint8),
        "indices": values.astype(np.int64),
        "epochs": np.array(epochs, np.int32 if whole else np.float32),
        "reconstructions": (rows[:, :, None, None, None] * fill).astype(np.uint8),
        **more,
    }
    safetensors.numpy.save_file(tensors, run.file(SNAPSHOTS))
    return run


def forget_sums(run: Run) -> None:
    """Make it a run from before the sums of its files, so that what is written over one is read."""
    run.file(SUMS).unlink(missing_ok=True)
