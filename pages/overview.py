"""Overview: every run in a table; select one to open it, or several to compare them."""

import streamlit as st

from aecore.runs.state import ACTIVE
from dashboard.cache import runs
from dashboard.navigation import route
from dashboard.overview.selection import COMPARE, detail, several
from dashboard.overview.welcome import welcome
from dashboard.widgets import run_actions, run_selection, run_table

route()


REFRESH_S = 2.0


def body() -> None:
    rows = first.pop() if first else runs.summaries()
    welcome(any(not row.shipped for row in rows))
    if not rows:
        run_actions.undo_bar()
        st.info("There are no runs yet. Train one: it takes about ten seconds.", icon=":material/inbox:")
        return
    chosen = run_selection.ticked(rows)
    run_table.table(rows, several=COMPARE.exists())
    run_actions.undo_bar()  # where the deleted run was shown: that is where people look
    if len(chosen) == 1:
        detail(chosen[0])
    elif chosen:
        several(chosen)
    if active and not any(row.state in ACTIVE for row in rows):
        st.rerun()  # nothing left to wait for: stop refreshing


first = [runs.summaries()]  # read once for both: whether to refresh, and what to show first


active = any(row.state in ACTIVE for row in first[0])


st.fragment(body, run_every=REFRESH_S if active else None)()
