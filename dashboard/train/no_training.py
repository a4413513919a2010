"""What the Train page shows to those who may only look."""

from __future__ import annotations

import streamlit as st

from aecore import access
from dashboard.cache import runs
from dashboard.format import plain

MOST = 12


def no_training() -> None:
    """The finished runs, whose curves can be looked at, and how to train on one's own machine."""
    visitor = access.current().visitor
    why = "Nothing can be trained on this public demo." if visitor else "With the role *look* you cannot train here."
    st.markdown(f"{why} These runs were trained before; their curves, settings and reconstructions by epoch are here:")
    rows = [row for row in runs.summaries() if row.epoch][:MOST]
    columns = st.columns(3)
    for number, row in enumerate(rows):
        with columns[number % 3]:
            st.page_link(
                "pages/train.py", label=plain(row.title), icon=":material/show_chart:", query_params={"run": row.id}
            )
    if not rows:
        st.info("There are no runs here.", icon=":material/inbox:")
    st.markdown("On your own machine, in the folder of the project:")
    st.code("make app", language="bash")
