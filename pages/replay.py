"""Replay: scrub through a run's snapshots epoch by epoch in the browser, alone or next to a second run."""

import streamlit as st

from aecore.runs.state import ACTIVE, run_state
from dashboard import page, url_state
from dashboard.navigation import route
from dashboard.replay.choose import PAGE, choose_runs
from dashboard.replay.player import FIELDS, player

route()

REFRESH_S = 3.0


def view() -> None:
    url_state.arrive(PAGE, FIELDS)
    chosen = choose_runs()
    if not chosen:
        return
    states = [run_state(run) for run in chosen]
    st.session_state["replay-states"] = states

    def tick() -> None:
        if [run_state(run) for run in chosen] != st.session_state.get("replay-states"):
            st.rerun()
        player(chosen)

    active = any(state in ACTIVE for state in states)
    page.draw(tick, run_every=REFRESH_S if active else None)


page.heading("Replay")
view()
