"""Images for files: numbers of a model as bytes, and the words that stand beside them."""

from __future__ import annotations

import math

import numpy as np

from aecore.data.convert import to_uint8
from aecore.runs.run import Run
from dashboard.cache import runs


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W) on the [0, 1] scale as uint8 of one or three channels."""
    images = images if images.shape[1] in (1, 3) else images[:, :1]
    return to_uint8(images)


def title_of(run: Run) -> str:
    """The run's title as the list has it, with a mark where there are remarks."""
    return runs.summary(run).marked(runs.titles([run])[0])


def remarks_of(chosen: Run) -> list[str]:
    """What is wrong with the run, as notes under a figure; none where nothing is."""
    mark = runs.summary(chosen).mark
    return [f"{mark}."] if mark else []


def decibels(value: float) -> str:
    """`17.3 dB`, `∞ dB`."""
    return f"{value:.1f} dB" if math.isfinite(value) else "∞ dB"
