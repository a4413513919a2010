"""Running a saved model for a page: the model and the images are opened once and kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from aecore import data
from aecore.experiment import Corruption
from aecore.store import WEIGHTS, Run
from dashboard import runs


class Images(NamedTuple):
    """Images to look at: uint8 (N, C, H, W), their labels and their numbers in the test set."""

    clean: np.ndarray
    labels: np.ndarray
    numbers: np.ndarray
    whole_test_set: bool


class Denoised(NamedTuple):
    """One batch through the model; images float (N, C, H, W), scores an image each."""

    noisy: np.ndarray
    output: np.ndarray
    noisy_scores: dict[str, np.ndarray]
    output_scores: dict[str, np.ndarray]


def test_images(run: Run) -> Images:
    """The run's test set, or the panel that travels with the run when the set is not on this machine.

    Raises `DamagedError` when there is neither.
    """
    name = run.experiment().data.name
    if data.prepared(name):
        images = _test_set(name)
        return Images(images.x_test, images.y_test, np.arange(len(images.x_test)), True)
    panel = runs.snapshots(run)
    return Images(panel["clean"], panel["labels"], panel["indices"], False)


def denoise(run: Run, clean: np.ndarray, corruption: Corruption, seed: int) -> Denoised:
    """Corrupt uint8 images (N, C, H, W), pass them through the run's model and score both against the clean."""
    from aecore.trained import denoise as through

    return Denoised(*through(_model(str(run.path), runs.signature(run, (WEIGHTS,))), clean, corruption, seed))


@st.cache_resource(max_entries=8, show_spinner="Opening the model…")
def _model(path: str, stamp: tuple):
    from aecore.trained import load_model

    return load_model(runs.run_at(path))


@st.cache_resource(max_entries=4, show_spinner=False)
def _test_set(name: str) -> data.ImageSet:
    return data.load(name)
