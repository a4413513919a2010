"""Which sweep to show, and the button for a new one."""

from __future__ import annotations

import streamlit as st

from aecore import access
from aecore.sweeps.store import SweepFolder
from dashboard.cache.sweeps import title
from dashboard.url_state import key

PAGE = "sweep"


def choose(listed: list[SweepFolder]) -> SweepFolder:
    """The sweep to show, and a button for a new one."""
    state, field, known = st.session_state, key(PAGE, "sweep"), {folder.id: folder for folder in listed}
    asked = state.get(field, "")
    if asked not in known:
        if asked:
            st.warning(f"There is no sweep “{asked[:80]}” here.", icon=":material/search_off:")
        state[field] = listed[0].id
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen: str = st.selectbox(
            "Sweep",
            list(known),
            format_func=lambda name: f"{title(known[name])}  ({name})",
            key=field,
            on_change=forget,
            label_visibility="collapsed",
        )
        if access.may("train"):
            st.button("New sweep", icon=":material/add:", key="sweep-open-new", on_click=open_new)
    return known[chosen]


def forget() -> None:
    """Another sweep starts with its own goal."""
    for name in ("figure", "under", "view"):
        st.session_state[key(PAGE, name)] = ""


def open_new() -> None:
    st.session_state[key(PAGE, "new")] = True


def empty() -> None:
    """Shown when there is no sweep yet: what a sweep is."""
    st.markdown(
        "A sweep trains one experiment many times, with some of its settings varied and every combination repeated "
        "with several seeds, and shows the effect of each setting as mean and spread."
    )
    if not access.may("train"):
        st.info("There are no sweeps here.", icon=":material/inbox:")
