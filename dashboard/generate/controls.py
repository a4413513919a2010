"""Where a code starts from, and how random codes are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.runs.run import Run
from aecore.viewer.generation import Told
from dashboard import url_state
from dashboard.generate.url import PAGE, vector
from dashboard.url_state import key

WORDS = {
    "fitted": "Range of the real codes",
    "gaussian": "Normal, fitted to real codes",
    "mixture": "Mixture of 10, fitted to them",
    "normal": "Normal, N(0, 1)",
    "uniform": "Uniform, 0 to 1",
    "places": "Each place from a real code",
}
WIDEST_FITTED = 256
"""No covariance is fitted to wider codes."""


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


def open_unit() -> None:
    """A filter was clicked: show the sliders, among which the browser finds the unit's."""
    st.session_state[key(PAGE, "view")] = "units"


def choose_class(run: Run, classes: Sequence[str], label: int) -> Told | None:
    """What a conditional network is told: the start image's class, and that of which to decode, by default the same.
    None for a network that is told nothing."""
    if not (known := run.experiment().model.classes):
        return None
    names = {"": "Its own class", "-1": "Any (not told)"}
    names |= {str(number): classes[number] if number < len(classes) else str(number) for number in range(known)}
    field = key(PAGE, "class")
    if st.session_state.get(field) not in names:
        st.session_state[field] = ""
    asked = st.selectbox("Decode as", list(names), format_func=names.__getitem__, key=field, width=150)
    own = label if label < known else -1
    return Told(own, own if asked == "" else int(asked))


def ask(label: int) -> None:
    """A class was clicked: decode as that."""
    st.session_state[key(PAGE, "class")] = str(label)


def choose_draw(run: Run, units: int) -> None:
    """The distribution of random codes of so many units, their number, and a button to resample."""
    state, field = st.session_state, key(PAGE, "draw")
    model = run.experiment().model
    gaussian = model.variational
    words = WORDS | ({"normal": PRIOR} if gaussian else {})
    if model.quantised:
        words = {"places": WORDS["places"]}
    else:
        del words["places"]
        if units > WIDEST_FITTED:
            del words["gaussian"], words["mixture"]
    if state[field] not in words:
        state[field] = "normal" if gaussian else next(iter(words))

    def again() -> None:
        state[key(PAGE, "seed")] += 1

    st.selectbox("Distribution", list(words), format_func=words.__getitem__, key=field, width=230)
    st.number_input("How many", 5, 120, step=5, key=key(PAGE, "n"), width=130)
    st.button("Resample", icon=":material/casino:", on_click=again)
