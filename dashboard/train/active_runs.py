"""Runs in progress, and which run the page shows."""

from __future__ import annotations

import streamlit as st

from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from dashboard import url_state
from dashboard.cache import runs
from dashboard.format import plain
from dashboard.widgets.run_monitor import waiting_text


def watch(run_id: str | None) -> None:
    """Show that run, or the form when there is none, in an address of its own."""
    st.query_params.from_dict(url_state.carried() | ({} if run_id is None else {"run": run_id}))


def active_runs() -> None:
    """Runs in progress, so that a returning user finds them."""
    for row in runs.summaries():
        if row.state in ACTIVE:
            with st.container(horizontal=True, vertical_alignment="center", border=True):
                if row.state == "queued" and (run := Store.default().listed(row.id)):
                    doing = f": {waiting_text(run)[:1].lower()}{waiting_text(run)[1:]}"
                else:
                    doing = f" is {row.state}, epoch {row.progress.replace('/', ' of ')}"
                st.markdown(f"**{plain(row.title)}**{doing}")
                st.space("stretch")
                st.button(
                    "Watch",
                    icon=":material/visibility:",
                    key=f"watch-{row.id}",
                    on_click=watch,
                    args=(row.id,),
                )
