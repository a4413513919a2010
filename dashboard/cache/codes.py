"""The codes of a run's images: saved with it for test images, else computed once if the image set is here."""

from __future__ import annotations

import numpy as np

from aecore import data
from aecore.latent.codes import Codes, read_codes
from aecore.runs.run import CODES, WEIGHTS, Run
from aecore.runs.sums import SUMS
from aecore.viewer.units import Unit, units_of
from dashboard.cache.keyed import keyed_on
from dashboard.server.worker import in_worker


def codes(run: Run, split: str = "test") -> Codes | None:
    """The codes of the run's test images, or of images it was trained on; None if they are not saved and cannot be
    computed here.

    Raises `DamagedError` when the file cannot be read.
    """
    saved = _saved(run) if split == "test" else None
    if saved is not None or not run.file(WEIGHTS).is_file() or not data.prepared(run.experiment().data.source):
        return saved
    return _computed(run, split)


@keyed_on((CODES, SUMS))
def _saved(run: Run) -> Codes | None:
    return read_codes(run)


@keyed_on((WEIGHTS,), show_spinner="Encoding the images…")
def _computed(run: Run, split: str) -> Codes:
    return in_worker("aecore.compute.models:codes_of_split", run, split, thorough=True)


@keyed_on((CODES, WEIGHTS))
def units(run: Run, gaussian: bool, _codes: np.ndarray) -> list[Unit]:
    """Range, spread and histogram of each unit of the run's codes (N, n), which for a `gaussian` one are means."""
    return units_of(_codes, gaussian)
