"""Classical denoisers to compare a model with: which are available for a run, and their tuned strength."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from aecore import data
from aecore.config.corruption import Corruption
from aecore.runs.store import Run
from dashboard.server.worker import in_worker

TITLES = {"tv": "Total variation", "nlm": "Non-local means", "wavelet": "Wavelet"}
SYMBOLS = {"tv": "weight", "nlm": "h", "wavelet": "σ"}
"""What each method calls its strength."""


def measured(run: Run, corruption: Corruption) -> dict[str, Any] | None:
    """The run's evaluation on the whole test set under that corruption, if there is one."""
    return next((entry for entry in run.evaluation() if entry["corruption"] == str(corruption)), None)


def available(run: Run, corruption: Corruption) -> list[str]:
    """The methods whose strength is known or can be tuned here: all of them if the image set is on this machine."""
    if data.prepared(run.experiment().data.source):
        return list(TITLES)
    return [name for name in TITLES if name in _recorded(run, corruption)]


def known(run: Run, corruption: Corruption, name: str) -> bool:
    """Whether this session has the strength already, so that `strength` answers at once."""
    return name in _recorded(run, corruption) or _key(run, corruption, name) in _asked()


def strength(run: Run, corruption: Corruption, name: str) -> float:
    """The method's best strength on validation images under that corruption, tuned once and cached.

    Taken from the run's evaluation if that has it; else the image set must be on this machine.
    """
    recorded = _recorded(run, corruption).get(name)
    if recorded is not None:
        return float(recorded["strength"])
    key = _key(run, corruption, name)
    chosen = _strength(*key, run)
    _asked().add(key)
    return chosen


def apply(noisy: np.ndarray, name: str, amount: float) -> np.ndarray:
    """Images (N, C, H, W) on the [0, 1] scale through the method at that strength."""
    from aecore.metrics import classical

    return classical.denoise(noisy, name, amount)


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
