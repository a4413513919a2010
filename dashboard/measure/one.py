"""One run as a whole: its numbers, charts and images."""

from __future__ import annotations

import streamlit as st

from aecore.errors import DamagedError
from aecore.plots.measures import Measured
from aecore.runs.store import Run
from dashboard import page
from dashboard.cache import runs
from dashboard.cache.measures import measures
from dashboard.measure import images, numbers
from dashboard.measure.charts import charts


def one(run: Run) -> None:
    found = measures(run)
    if found is None:
        return
    row = runs.summary(run)
    st.caption(numbers.about(found))
    numbers.card(found)
    if text := numbers.lacking(found):
        st.caption(text)
    charts([Measured(row.marked(runs.titles([run])[0]), found)], key=run.id)
    try:
        images.worst(run, found)
        images.samples(run, found)
    except DamagedError as error:
        page.problem(error)
