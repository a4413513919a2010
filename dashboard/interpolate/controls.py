"""Which mode, between which images, along which path and in how many steps."""

from __future__ import annotations

import streamlit as st

from aecore.runs.run import Run
from dashboard.interpolate.url import FIELDS, MODES, MOST_BETWEEN, MOST_STEPS, PAGE, STEPS, STOPS
from dashboard.url_state import key
from dashboard.widgets import image_picker, run_picker

ENDS = {
    "two": {"a": "From test image", "b": "To test image"},
    "four": {"a": "Top left", "b": "Top right", "c": "Bottom left", "d": "Bottom right"},
}


def images_to_choose() -> dict[str, str]:
    """The settings and the titles of the images that the mode needs."""
    mode = st.session_state[key(PAGE, "mode")]
    if mode == "several":
        return {name: f"Image {i + 1}" for i, name in enumerate("abcdef"[: st.session_state[key(PAGE, "stops")]])}
    return ENDS[mode]


def take_usual_number() -> None:
    """Set the number of steps that the convention's report used."""
    st.session_state[key(PAGE, "n")] = 8 if st.session_state[key(PAGE, "steps")] == "between" else 10


def hold_settings() -> None:
    """Keep the settings of the modes that are not shown: Streamlit forgets those whose widgets are not drawn."""
    for name, field in FIELDS.items():
        st.session_state[key(PAGE, name)] = st.session_state.get(key(PAGE, name), field.default)


def controls() -> Run | None:
    """The run, the mode, the path, the steps and the noise."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="interpolate-bar"):
        run = run_picker.choose(PAGE, width=180, code="an interpolation needs")
        if run is None:
            return None
        mode = st.segmented_control(
            "Mode", list(MODES), format_func=MODES.__getitem__, key=key(PAGE, "mode"), required=True
        )
        if mode == "four":
            st.slider("Images per side", 3, 15, key=key(PAGE, "side"), width=180)
        elif mode in ("two", "several"):
            st.segmented_control(
                "Path",
                ["line", "arc"],
                format_func={"line": "Line", "arc": "Arc"}.__getitem__,
                key=key(PAGE, "path"),
                required=True,
                help="The straight line between the two codes, or the arc around the origin (spherical interpolation), "
                "which preserves the norm of the codes.",
            )
        if mode == "several":
            st.number_input("Images on the way", *STOPS, key=key(PAGE, "stops"), width=140)
            st.number_input("Between two of them", 0, MOST_BETWEEN, key=key(PAGE, "between"), width=140)
        elif mode == "two":
            st.selectbox(
                "Steps",
                list(STEPS),
                format_func=STEPS.__getitem__,
                key=key(PAGE, "steps"),
                on_change=take_usual_number,
                help="As in the reports: 004 includes both images; 003 steps by i/n and never reaches the second; "
                "000 shows only what lies in between.",
                width=160,
            )
            st.number_input("How many", 2, MOST_STEPS, key=key(PAGE, "n"), width=90)
        image_picker.choose_noise(PAGE, run)
    return run
