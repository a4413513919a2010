"""Which runs the page is about: one, or several side by side."""

from __future__ import annotations

import streamlit as st

from aecore.runs.run import MEASURES, Run
from dashboard import url_state
from dashboard.cache.runs import summaries
from dashboard.measure.url import FIELDS, MOST, PAGE, ids_of
from dashboard.url_state import followed, key
from dashboard.widgets import run_picker
from dashboard.widgets.followed_run import follow, lead_on

_PICKED = key(PAGE, "picked")


def choose() -> list[Run]:
    """A picker of runs with weights, kept in the page's address; none, with a link to Train, if there are none."""
    named = "run" in st.query_params
    arrived = url_state.arrive(PAGE, FIELDS)
    usable = {run.id: run for run in run_picker.with_weights()}
    listed = {row.id: row for row in summaries() if row.id in usable}
    if not listed:
        st.info("No run has saved weights yet. Train one first.", icon=":material/inbox:")
        st.page_link("pages/train.py", label="Train a first model", icon=":material/play_arrow:")
        return []
    if arrived or _PICKED not in st.session_state:
        wanted = ids_of(st.session_state.get(key(PAGE, "run"), ""))
        last = st.session_state.get(key(PAGE, "last"), [])
        if not named and last[:1] == wanted:  # back at the page, with the run that it was left with
            wanted = last
        st.session_state[_PICKED] = wanted
    asked = st.session_state[_PICKED]
    unknown = [name for name in asked if name not in listed]
    if unknown and unknown != [followed()]:
        names = ", ".join(f"“{name[:60]}”" for name in unknown)
        st.warning(f"There is no run {names} with weights here.", icon=":material/search_off:")
    known = [name for name in asked if name in listed]
    if arrived and not known:
        known = [next((name for name in listed if usable[name].file(MEASURES).is_file()), next(iter(listed)))]
    st.session_state[_PICKED] = known
    names = run_picker.labels(listed.values())
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{PAGE}-bar"):
        picked = st.multiselect(
            "Runs",
            list(listed),
            format_func=names.__getitem__,
            key=_PICKED,
            max_selections=MOST,
            placeholder="Choose a run, or several to see side by side",
            width=560,
        )
        if picked:
            follow(usable[picked[0]])
            lead_on(usable[picked[0]], PAGE)
    st.session_state[key(PAGE, "last")] = picked
    st.session_state[key(PAGE, "run")] = ",".join(picked)
    url_state.keep(PAGE, FIELDS)
    return [usable[name] for name in picked]
