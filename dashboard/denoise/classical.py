"""Classical denoisers beside a model: which are to be had for a run, and their strength under a corruption."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from aecore import data
from aecore.config.corruption import Corruption
from aecore.runs.store import Run
from dashboard.cache.images import image_set

TITLES = {"tv": "Total variation", "nlm": "Non-local means", "wavelet": "Wavelet"}
SYMBOLS = {"tv": "weight", "nlm": "h", "wavelet": "σ"}
"""What each method calls its strength."""


def measured(run: Run, corruption: Corruption) -> dict[str, Any] | None:
    """The run's own evaluation of the whole test set under that corruption, if it was made."""
    return next((entry for entry in run.evaluation() if entry["corruption"] == str(corruption)), None)


def available(run: Run, corruption: Corruption) -> list[str]:
    """The methods whose strength is known or can be chosen here: all of them where the image set is."""
    if data.prepared(run.experiment().data.name):
        return list(TITLES)
    return [name for name in TITLES if name in _told(run, corruption)]


def known(run: Run, corruption: Corruption, name: str) -> bool:
    """Whether this session has the strength already, so that `strength` answers at once."""
    return name in _told(run, corruption) or _key(run, corruption, name) in _asked()


def strength(run: Run, corruption: Corruption, name: str) -> float:
    """The method's best strength on validation images under that corruption, chosen once and kept.

    Where the run's evaluation holds it, that one; else the image set must be on this machine.
    """
    told = _told(run, corruption).get(name)
    if told is not None:
        return float(told["strength"])
    key = _key(run, corruption, name)
    chosen = _strength(*key, run)
    _asked().add(key)
    return chosen


def apply(noisy: np.ndarray, name: str, amount: float) -> np.ndarray:
    """Images (N, C, H, W) on the [0, 1] scale through the method at that strength."""
    from aecore.metrics import classical

    return classical.denoise(noisy, name, amount)


def _told(run: Run, corruption: Corruption) -> dict[str, Any]:
    return (measured(run, corruption) or {}).get("classical") or {}


def _key(run: Run, corruption: Corruption, name: str) -> tuple[str, int, str, str, str]:
    experiment = run.experiment()
    return (experiment.data.name, experiment.data.validation_images, experiment.model.range, str(corruption), name)


def _asked() -> set[tuple]:
    return st.session_state.setdefault("denoise-strengths", set())


@st.cache_data(max_entries=512, show_spinner=False)
def _strength(data_name: str, held: int, value_range: str, corruption: str, name: str, _run: Run) -> float:
    from aecore.metrics import classical

    return classical.choose_strength(*_pairs(data_name, held, value_range, corruption, _run), name)


@st.cache_resource(max_entries=4, show_spinner=False)
def _pairs(data_name: str, held: int, value_range: str, corruption: str, _run: Run) -> tuple[np.ndarray, np.ndarray]:
    from aecore.data.validation import validation_pairs

    images = image_set(data_name)
    return validation_pairs(images, _run.experiment(), Corruption.parse(corruption))
