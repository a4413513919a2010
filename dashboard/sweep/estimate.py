"""Estimating how long a sweep will take from a similar finished run."""

from __future__ import annotations

import contextlib
from datetime import datetime

from aecore.config.experiment import Experiment
from aecore.data.catalogue import data_set
from aecore.devices import choose
from aecore.errors import AecoreError
from aecore.runs.store import Store
from aecore.runs.summary import RunSummary
from aecore.sweeps.definition import Sweep
from dashboard.cache import runs

START_S = 4
"""Until the first process has imported its libraries."""
MOST_READ = 200
"""The number of combinations that are examined; the others are assumed to be similar."""


def estimate_s(sweep: Sweep, device: str) -> tuple[float, str] | None:
    """Total seconds, and the title of the run that the estimate is based on; None without one on such a device."""
    with contextlib.suppress(AecoreError):
        like = _like(sweep.experiment, device)
        run = None if like is None else Store.default().listed(like.id)
        if like is None or run is None or not like.seconds or not like.epoch:
            return None
        image_s = like.seconds / (like.epoch * _images(run.experiment()))  # per training image and epoch
        overhead_s = max(_whole_s(run.status()) - like.seconds, 0.3)  # building, evaluating, saving
        combined = [values for values, _ in zip(sweep.each_combination(), range(MOST_READ), strict=False)]
        flats = [sweep.experiment.changed(values) for values in combined]
        trained = sum(flat.training.epochs * _images(flat) for flat in flats) / len(flats)
        number = sweep.combinations * len(sweep.seeds)
        return START_S + number * (image_s * trained + overhead_s) / len(choose(device)), like.title
    return None


def _like(experiment: Experiment, device: str) -> RunSummary | None:
    """A finished run on the same images and kind of device; preferably of the same preset and trained here."""
    family = choose(device)[0].family
    found = [
        row
        for row in runs.summaries()
        if row.state == "finished" and row.data == experiment.data.name and row.device.partition(":")[0] == family
    ]
    return max(
        found,
        key=lambda row: (row.preset == experiment.preset, not row.shipped, row.epoch, row.submitted),
        default=None,
    )


def _images(experiment: Experiment) -> int:
    about = data_set(experiment.data.source)
    return experiment.data.train_images or about.train_images - experiment.data.validation_images


def _whole_s(status: dict) -> float:
    try:
        return (datetime.fromisoformat(status["ended"]) - datetime.fromisoformat(status["started"])).total_seconds()
    except (KeyError, TypeError, ValueError):
        return 0.0
