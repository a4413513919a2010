"""Which runs are selected in the table of runs, in sync with the address."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

import streamlit as st

from aecore.runs.summary import RunSummary
from dashboard.widgets import run_actions, run_picker

TICKED, SHOWN, TABLES = "ticks", "ticks-shown", "ticks-tables"


def table_key(ids: Sequence[str], elsewhere: Collection[str] = ()) -> str:
    """The key of the table that shows these runs. A table keeps its selection by row number, so other rows need another
    table, as does a selection changed by the address. Runs `elsewhere`, on its other pages, stay selected."""
    about = f"{list(ids)} {st.session_state.get(TABLES, 0)}"
    key = f"runs-{hashlib.sha1(about.encode(), usedforsecurity=False).hexdigest()[:12]}"
    st.session_state[SHOWN] = (key, list(ids), set(elsewhere))
    return key


def default(ids: Sequence[str]) -> Any:
    """The initial selection of a new table of these runs."""
    chosen = st.session_state.get(TICKED) or []
    return {"selection": {"rows": [ids.index(run_id) for run_id in chosen if run_id in ids]}}


def changed() -> None:
    """The selection changed: update the address, and clear the notice about the last action."""
    key, ids, elsewhere = st.session_state[SHOWN]
    numbers = st.session_state[key]["selection"]["rows"] if key in st.session_state else []
    before: list[str] = st.session_state.get(TICKED) or []
    chosen = [run_id for run_id in before if run_id in elsewhere]
    chosen += [ids[number] for number in numbers if number < len(ids)]
    st.session_state[TICKED] = chosen
    run_actions.forget()
    if len(chosen) == 1:
        st.query_params["run"] = chosen[0]
    else:
        st.query_params.pop("run", None)


def ticked(rows: Sequence[RunSummary]) -> list[RunSummary]:
    """The selected runs; one named in the address, by a link or after an action, is selected alone."""
    linked = st.query_params.get("run")
    chosen: list[str] | None = st.session_state.get(TICKED)
    known = {row.id: row for row in rows}
    if linked and linked not in known:
        run_picker.chosen()  # shows the warning
    elif linked and chosen != [linked]:
        _set([linked])
    elif not linked and chosen and len(chosen) == 1:  # deleted, or Back to where nothing was selected
        _set([])
    chosen = st.session_state.get(TICKED)
    if chosen is None and all(row.shipped for row in rows):
        return list(rows[:1])  # a first visit opens a finished run
    return [known[run_id] for run_id in chosen or [] if run_id in known]


def _set(chosen: list[str]) -> None:
    st.session_state[TICKED] = chosen
    st.session_state[TABLES] = st.session_state.get(TABLES, 0) + 1
