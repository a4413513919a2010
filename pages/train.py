"""Train: choose an experiment, start it, watch it."""

import streamlit as st

from aecore import access
from dashboard import limits, page
from dashboard.navigation import route
from dashboard.train.active_runs import active_runs, watch
from dashboard.train.new_experiment import new_experiment
from dashboard.train.no_training import no_training
from dashboard.widgets import run_heading, run_monitor, run_picker, undo

route()


page.heading("Train")


limits.note()


run = run_picker.chosen()


undo.bar()


if run is None:
    active_runs()
    if access.current().at_least("train"):
        new_experiment()
    else:
        no_training()
else:
    run_heading.heading(run)
    run_monitor.watch(run)
    st.button("New experiment", icon=":material/add:", key="new", on_click=watch, args=(None,))
