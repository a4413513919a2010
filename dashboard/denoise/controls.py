"""The Denoise page's controls for which images to show."""

from __future__ import annotations

import streamlit as st

from dashboard.cache.images import Images

SOURCES = {"test": "Test set", "extremes": "Best and worst", "own": "Your image"}


MOST_SEARCHED = 10_000


COUNTS = [7, 14, 28, 63]


def choose_source(images: Images) -> str:
    """Where the images come from, a key of `SOURCES`."""
    names = SOURCES if images.whole_test_set else {"test": "The run's own", "own": SOURCES["own"]}
    if len(images.clean) > MOST_SEARCHED:
        names = {key: name for key, name in names.items() if key != "extremes"}
    if st.session_state.get("source") not in names:
        st.session_state["source"] = "test"
    chosen = st.segmented_control("Images", list(names), format_func=names.__getitem__, key="source", required=True)
    return chosen or "test"


def choose_window(images: Images) -> slice:
    """A window of the test set, or the first images of the panel."""
    total, many = len(images.clean), choose_count()
    if not images.whole_test_set:
        return slice(0, min(many, total))
    st.session_state["first"] = min(st.session_state.get("first", 0), total - 1)
    first = st.number_input("From test image", 0, total - 1, step=many, key="first")
    return slice(first, min(first + many, total))


def choose_count() -> int:
    """The number of images to show."""
    st.session_state.setdefault("many", 14)
    return st.segmented_control("How many", COUNTS, key="many", required=True) or 14
