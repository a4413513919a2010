"""One run as a whole: its numbers, charts and images."""

from __future__ import annotations

import streamlit as st

from aecore.errors import DamagedError
from aecore.plots.measured import Measured
from aecore.runs.run import Run
from dashboard import page
from dashboard.cache import runs
from dashboard.measure import images, job, numbers
from dashboard.measure.charts import charts
from dashboard.widgets import remarks


def one(run: Run) -> None:
    found, problem = job.known(run)
    running = job.status(run)
    if found is None:
        if problem:
            st.warning(problem, icon=":material/history:")
        elif not running:
            st.info(
                "This run was not measured yet. Measuring tells what its code is worth beside PCA and pixels, how good "
                "new images are, and which test images it reconstructs worst.",
                icon=":material/straighten:",
            )
        if not running:
            job.start_buttons(run, found, problem)
        return
    row = runs.summary(run)
    remarks.show(row.remarks)
    st.caption(numbers.about(found))
    numbers.card(found)
    if text := numbers.lacking(found):
        st.caption(text)
    if not running:
        job.start_buttons(run, found)
    charts([Measured(row.marked(runs.titles([run])[0]), found)], key=run.id)
    try:
        images.worst(run, found)
        images.samples(run, found)
    except DamagedError as error:
        page.problem(error)
