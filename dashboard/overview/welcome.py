"""What a first visitor reads."""

from __future__ import annotations

import streamlit as st

from aecore import access
from dashboard import limits, page
from dashboard.widgets import add_run, run_actions


def welcome(own_runs: bool, brief: bool) -> None:
    """What this is and what to do next; shorter once the user has runs, and `brief` above an open run.

    Visitors of a demo are strangers, whatever runs it has.
    """
    page.heading("Autoencoder Lab")
    limits.note()
    trains = access.current().at_least("train")
    stranger = access.current().visitor or not own_runs
    if stranger and not brief:
        first = "train a first model in about ten seconds, " if trains else ""
        st.markdown(
            "Squeeze images through a bottleneck, watch the network learn to undo it, and see what it kept. "
            f"Five course reports are reproduced here, number by number. Read them, {first}"
            "or explore the finished runs below."
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        if stranger and not brief:
            welcome_buttons(trains)
        elif trains and st.button("New run", icon=":material/add:", type="primary", key="new"):
            st.switch_page("pages/train.py")
        elif not brief and st.button("Lessons", icon=":material/school:", key="lessons"):
            st.switch_page("pages/reports.py", query_params={"report": "lessons"})
        add_run.add_a_run()
        run_actions.trash_list()


def welcome_buttons(trains: bool) -> None:
    """What a stranger can do; what comes first is what most come for."""
    if trains and st.button("Train a first model", icon=":material/play_arrow:", type="primary", key="first"):
        st.switch_page("pages/train.py", query_params={"preset": "digits-quick"})
    look = "secondary" if trains else "primary"
    if st.button("Look at a trained model", icon=":material/auto_fix_high:", type=look, key="look"):
        st.switch_page("pages/restore.py")
    if st.button("Read the reports", icon=":material/fact_check:", key="reports"):
        st.switch_page("pages/reports.py")
    if st.button("Take a lesson", icon=":material/school:", key="lessons"):
        st.switch_page("pages/reports.py", query_params={"report": "lessons"})
    if st.button("Walk between two digits", icon=":material/linear_scale:", key="walk"):
        st.switch_page("pages/interpolate.py")
