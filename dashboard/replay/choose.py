"""Which run to replay, and which to compare it with."""

from __future__ import annotations

import streamlit as st

from aecore.runs.run import SNAPSHOTS, Run
from aecore.runs.store import Store
from dashboard.cache import runs
from dashboard.url_state import followed, key
from dashboard.widgets import run_picker
from dashboard.widgets.followed_run import follow, lead_on

PAGE = "replay"


def choose_runs() -> list[Run]:
    """The run to show and the one to compare it with, as linked or picked."""
    state, rows = st.session_state, runs.summaries()
    stored = {run.id: run for run in Store.default().runs()}
    listed = {row.id: stored[row.id] for row in rows if row.id in stored}
    first_key, second_key = key(PAGE, "run"), key(PAGE, "with")
    linked = [state[first_key], state[second_key]]
    # An imported run has a single snapshot: it is shown if a link asks for it, but not offered.
    watched = {n: run for n, run in listed.items() if run.file(SNAPSHOTS).is_file() and not runs.summary(run).imported}
    usable = {name: run for name, run in listed.items() if name in watched or name in linked}
    for name in filter(None, linked):
        if name not in usable and name != followed():
            st.warning(f"There is no run “{name[:80]}” here.", icon=":material/search_off:")
    if not usable:
        st.info("No run has snapshots yet. Train one: they are saved from the first epoch on.", icon=":material/inbox:")
        st.page_link("pages/train.py", label="Train a first model", icon=":material/play_arrow:")
        return []
    if state[first_key] not in usable:
        state[first_key] = next(iter(usable))
    names = {"": "No second run"} | run_picker.labels(row for row in rows if row.id in usable)
    left, right = st.columns(2)
    with left:
        first = st.selectbox("Run", list(usable), format_func=names.__getitem__, key=first_key)
        follow(usable[first])
        lead_on(usable[first], PAGE)
    others = ["", *(name for name in usable if name != first)]
    if state[second_key] not in others:
        state[second_key] = ""
    with right:
        second = st.selectbox(
            "Compare with",
            others,
            format_func=names.__getitem__,
            key=second_key,
            disabled=len(others) == 1,
        )
    return [usable[name] for name in (first, second) if name]
