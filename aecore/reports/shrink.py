"""Smaller files for runs that ship: weights as float16 where the scores do not notice, and fewer rows of the panel."""

from __future__ import annotations

from typing import Any

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch

from aecore.config.corruption import Corruption
from aecore.runs.progress import Report, silent
from aecore.runs.run import EVALUATION, SNAPSHOTS, WEIGHTS, Run

WITHIN = 1e-3
"""Scores may change by this share of themselves, shares of images by this much."""
SHARES = ("wrong_digit_rate",)

MOST_ROWS = 12
"""Rows of the panel of a shipped run of our own."""
MOST_ROWS_OF_REPORTS = 16


def thin_panel(run: Run, most: int = MOST_ROWS) -> None:
    """Keep at most so many rows of a run's panel: the first, the last, and those between at even distances."""
    saved = run.snapshots()
    rows = len(saved["epochs"])
    if rows <= most:
        return
    kept = np.linspace(0, rows - 1, most).round().astype(int)
    by_row = ("epochs", "reconstructions", "digits")
    tensors = {name: values[kept] if name in by_row else values for name, values in saved.items()}
    run.write_files({SNAPSHOTS: safetensors.numpy.save(tensors)})


def halve(run: Run, device: str = "auto", report: Report = silent) -> bool:
    """Store a finished run's weights as float16 and its evaluations as those of the rounded weights; false, with
    nothing changed, where a score would move by more than 0.1 %.

    The loaded network computes in float32 as before. Learning curves stay those of the training.
    """
    from aecore.inference import open_run

    whole, before = run.file(WEIGHTS).read_bytes(), run.evaluation()
    tensors = safetensors.torch.load(whole)
    short = {name: value.half() if value.dtype == torch.float32 else value for name, value in tensors.items()}
    if all(torch.isfinite(value).all() for value in short.values()):
        run.write_files({WEIGHTS: safetensors.torch.save(short)})
        loaded = open_run(run, device, report)
        after = [loaded.evaluate(Corruption.parse(entry["corruption"]), report) for entry in before]
        if all(_alike(one["metrics"], other["metrics"]) for one, other in zip(before, after, strict=True)):
            run.write_json(EVALUATION, {"evaluations": after})
            return True
        run.write_files({WEIGHTS: whole})
    return False


def _alike(before: dict[str, Any], after: dict[str, Any]) -> bool:
    def near(name: str, value: float | None) -> bool:
        other = after[name]
        if value is None or other is None:
            return value is other
        return abs(other - value) <= (WITHIN if name in SHARES else WITHIN * abs(value))

    return before.keys() == after.keys() and all(near(name, value) for name, value in before.items())
