"""Random codes of a run, and the vectors of a quantised one."""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore.latent.interpolation import random_codes
from aecore.latent.quantised import shuffled_places, vectors_of
from aecore.models.architecture import plan
from aecore.runs.run import CODES, WEIGHTS, Run
from aecore.viewer.generation import Places
from dashboard.cache.images import image_info
from dashboard.cache.keyed import keyed_on
from dashboard.generate.url import PAGE
from dashboard.url_state import key


def drawn(run: Run, codes: np.ndarray) -> np.ndarray:
    """Random codes, float32 (count, n), as the page's fields ask for, `codes` (N, n) being the run's real ones."""
    state = st.session_state
    return _drawn(run, state[key(PAGE, "n")], state[key(PAGE, "draw")], state[key(PAGE, "seed")], _codes=codes)


@keyed_on((CODES,))
def _drawn(run: Run, count: int, distribution: str, seed: int, _codes: np.ndarray) -> np.ndarray:
    if distribution == "places":
        return shuffled_places(_codes, plan(run.experiment().model, image_info(run).image_shape), count, seed)
    return random_codes(_codes, count, distribution, seed)


@keyed_on((WEIGHTS,))
def places_of(run: Run) -> Places:
    """The map and the vectors of a run's quantised code."""
    return Places(plan(run.experiment().model, image_info(run).image_shape).code_map, vectors_of(run))
