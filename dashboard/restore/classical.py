"""Methods without a network to compare a model with: which are for a corruption, and their tuned strength."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from aecore import data
from aecore.config.corruption import Corruption
from aecore.metrics.baselines import COLOUR, DENOISERS, INPAINTING, methods_for
from aecore.runs.run import Run
from dashboard.cache import models
from dashboard.server.worker import in_worker

SYMBOLS = {"tv": "weight", "nlm": "h", "wavelet": "σ"}
"""What each method with a strength calls it."""
ABOUT = {
    **dict.fromkeys(DENOISERS, "scikit-image's denoisers, each at its best strength on validation images"),
    INPAINTING: "a smooth surface through the pixels around the hole",
    COLOUR: "the colours of the training image whose grey pixels are nearest",
}
"""What they are, for a hint."""


def measured(run: Run, corruption: Corruption) -> dict[str, Any] | None:
    """The run's evaluation on the whole test set under that corruption, if there is one."""
    return next((entry for entry in run.evaluation() if entry["corruption"] == str(corruption)), None)


def available(run: Run, corruption: Corruption) -> list[str]:
    """The methods for the corruption that can run here: those whose strength is known or can be tuned, and all of them
    if the image set is on this machine."""
    names = methods_for(corruption, run.image_info().image_shape[0])
    if data.prepared(run.experiment().data.source):
        return names
    return [name for name in names if name == INPAINTING or (name in DENOISERS and name in _recorded(run, corruption))]


def known(run: Run, corruption: Corruption, name: str) -> bool:
    """Whether this session has the strength already, so that `strength` answers at once."""
    return name not in DENOISERS or name in _recorded(run, corruption) or _key(run, corruption, name) in _asked()


def strength(run: Run, corruption: Corruption, name: str) -> float:
    """The method's best strength on validation images under that corruption, tuned once and cached.

    Taken from the run's evaluation if that has it; else the image set must be on this machine.
    """
    recorded = _recorded(run, corruption).get(name)
    if recorded is not None and recorded.get("strength") is not None:
        return float(recorded["strength"])
    key = _key(run, corruption, name)
    chosen = _strength(*key, run)
    _asked().add(key)
    return chosen


def apply(run: Run, result: models.Denoised, name: str, amount: float | None) -> np.ndarray:
    """The corrupted images of a result through the method, at that strength where it has one."""
    if name == COLOUR:
        return models.colourised(run, result.noisy)
    if name == INPAINTING:
        from aecore.metrics.fill_in import inpaint

        assert result.lost is not None
        return inpaint(result.noisy, result.lost)
    from aecore.metrics import classical

    assert amount is not None
    return classical.denoise(result.noisy, name, amount)


def _recorded(run: Run, corruption: Corruption) -> dict[str, Any]:
    return (measured(run, corruption) or {}).get("classical") or {}


def _key(run: Run, corruption: Corruption, name: str) -> tuple[str, int, str, str, str]:
    experiment = run.experiment()
    return (experiment.data.source, experiment.data.validation_images, experiment.model.range, str(corruption), name)


def _asked() -> set[tuple]:
    return st.session_state.setdefault("restore-strengths", set())


@st.cache_data(max_entries=512, show_spinner=False)
def _strength(data_name: str, held: int, value_range: str, corruption: str, name: str, _run: Run) -> float:
    return in_worker(
        "aecore.compute.models:classical_strength", _run, Corruption.parse(corruption), name, thorough=True
    )
