"""Sweep: an experiment with some settings varied over several seeds, and what that does to the results."""

from __future__ import annotations

import streamlit as st

from aecore import access
from aecore.errors import AecoreError
from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from aecore.sweeps.definition import GOALS
from aecore.sweeps.store import SweepFolder, sweeps
from dashboard import limits, page, url_state
from dashboard.cache.sweeps import look
from dashboard.navigation import route
from dashboard.sweep.choose import PAGE, choose, empty
from dashboard.sweep.form import new_sweep
from dashboard.sweep.header import heading, progress
from dashboard.sweep.results import VIEWS, results
from dashboard.url_state import Field, key, one_of

route()

TICK_S = 2.0
FIELDS = {
    "sweep": Field(""),
    "figure": Field("", one_of(*GOALS)),
    "under": Field(""),
    "view": Field("", one_of(*VIEWS)),
    "at": Field(None, browser=True),
    "new": Field(False, lambda text: text == "1", lambda on: "1" if on else ""),
}


def watch(folder: SweepFolder) -> None:
    """The sweep, live while it runs; heading and buttons change with its state, outside the fragment."""
    store, shown = Store.default(), folder.state()
    st.session_state["sweep-state"] = (folder.id, shown)
    heading(look(folder, store), shown)

    def tick() -> None:
        state = folder.state()
        # The session's state counts, not that of the script run that created this tick.
        if st.session_state.get("sweep-state") != (folder.id, state):
            st.rerun()
        try:
            seen = look(folder, store)
            progress(seen, state)
            results(seen)
        except AecoreError as error:  # damaged or deleted while shown
            page.problem(error)
        url_state.keep(PAGE, FIELDS)

    page.draw(tick, run_every=TICK_S if shown in ACTIVE else None)


page.heading("Sweep")
limits.note()
url_state.arrive(PAGE, FIELDS)
folders = sweeps(Store.default())
try:
    if not folders:
        empty()
    if access.may("train") and (not folders or st.session_state.get(key(PAGE, "new"))):
        for name in FIELDS:  # Streamlit drops the state of widgets that are not drawn
            st.session_state[key(PAGE, name)] = st.session_state[key(PAGE, name)]
        new_sweep(closable=bool(folders))
        url_state.keep(PAGE, FIELDS)
    elif folders:
        watch(choose(folders))
except AecoreError as problem:
    page.problem(problem)
    url_state.keep(PAGE, FIELDS)
