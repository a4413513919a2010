"""Overview: every run in a table; click a name to open one, or tick several to act on them."""

import streamlit as st

from aecore.runs.state import ACTIVE
from dashboard import page, url_state
from dashboard.cache import runs
from dashboard.navigation import route
from dashboard.overview import many
from dashboard.overview.opened import example, opened
from dashboard.overview.url import FIELDS, PAGE
from dashboard.overview.welcome import welcome
from dashboard.widgets import run_selection, run_table, undo

route()


REFRESH_S = 2.0


def body() -> None:
    url_state.arrive(PAGE, FIELDS)
    rows = first.pop() if first else runs.summaries()
    shown = run_selection.opened(rows)
    # One container, empty or not: whatever comes and goes in it, the list below is the same element and stays drawn.
    with st.container():
        welcome(any(not row.shipped for row in rows), brief=shown is not None)
        undo.bar()  # above both the run and the list: that is where people look after an act
        if shown:
            opened(shown)
    if not rows:
        st.info("There are no runs yet. Train one: it takes about ten seconds.", icon=":material/inbox:")
        return
    matching, columns = run_table.choices(rows)
    many.line(matching, rows)
    run_table.table(matching, rows, columns)
    url_state.keep(PAGE, FIELDS)
    if shown is None and all(row.shipped for row in rows):
        example(rows[0])
    if active and not any(row.state in ACTIVE for row in rows):
        st.rerun()  # nothing left to wait for: stop refreshing


first = [runs.summaries()]  # read once for both: whether to refresh, and what to show first


active = any(row.state in ACTIVE for row in first[0])


page.draw(body, run_every=REFRESH_S if active else None)
