"""Where a code starts from, and how random codes are drawn."""

from __future__ import annotations

import streamlit as st

from aecore.latent.interpolation import DISTRIBUTIONS
from aecore.runs.store import Run
from dashboard import url_state
from dashboard.generate.url import PAGE, vector
from dashboard.url_state import key

WORDS = {"fitted": "Range of the real codes", "normal": "Normal, N(0, 1)", "uniform": "Uniform, 0 to 1"}


PRIOR = "Prior, N(0, 1)"


def start_over() -> None:
    """Another image or run: reset the sliders to its own code."""
    st.session_state[key(PAGE, "code")] = None
    st.session_state[key(PAGE, "visit")] = url_state.visit(PAGE) + 1


def pick(text: str) -> None:
    """An image of a sheet was clicked: load its code into the sliders."""
    st.session_state[key(PAGE, "code")] = vector(text)
    st.session_state[key(PAGE, "view")] = "units"
    st.session_state[key(PAGE, "visit")] = url_state.visit(PAGE) + 1


def choose_draw(run: Run) -> None:
    """The distribution of random codes, their number, and a button to resample."""
    state, field = st.session_state, key(PAGE, "draw")
    gaussian = run.experiment().model.variational
    if state[field] not in DISTRIBUTIONS:
        state[field] = "normal" if gaussian else "fitted"
    words = WORDS | ({"normal": PRIOR} if gaussian else {})

    def again() -> None:
        state[key(PAGE, "seed")] += 1

    st.selectbox("Distribution", list(WORDS), format_func=words.__getitem__, key=field, width=230)
    st.number_input("How many", 5, 120, step=5, key=key(PAGE, "n"), width=130)
    st.button("Resample", icon=":material/casino:", on_click=again)
