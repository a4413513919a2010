"""Which run is open, as the address says, and which are ticked in the table of runs."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

import streamlit as st

from aecore.runs.summary import RunSummary
from dashboard.widgets import run_picker, undo

TICKED, SHOWN, TABLES, OPENINGS = "ticks", "ticks-shown", "ticks-tables", "openings"


def table_key(ids: Sequence[str], elsewhere: Collection[str] = ()) -> str:
    """The key of the table that shows these runs. A table keeps its selection by row number, so other rows need another
    table, as does a selection that was changed elsewhere. Runs `elsewhere`, on its other pages, stay ticked."""
    about = f"{list(ids)} {st.session_state.get(TABLES, 0)}"
    key = f"runs-{hashlib.sha1(about.encode(), usedforsecurity=False).hexdigest()[:12]}"
    st.session_state[SHOWN] = (key, list(ids), set(elsewhere))
    return key


def name_key(table: str) -> str:
    """The key of the clicks on names in that table."""
    return f"{table}-name"


def default(ids: Sequence[str]) -> Any:
    """The initial selection of a new table of these runs."""
    chosen = ticks()
    return {"selection": {"rows": [ids.index(run_id) for run_id in chosen if run_id in ids]}}


def changed() -> None:
    """The boxes changed: what is ticked is what they say, and what is ticked on other pages."""
    key, ids, elsewhere = st.session_state[SHOWN]
    numbers = st.session_state[key]["selection"]["rows"] if key in st.session_state else []
    chosen = [run_id for run_id in ticks() if run_id in elsewhere]
    st.session_state[TICKED] = chosen + [ids[number] for number in numbers if number < len(ids)]


def name_clicked() -> None:
    """A name was clicked: open its run."""
    key, ids, _ = st.session_state[SHOWN]
    click = st.session_state.get(name_key(key))
    if click is not None and click["row"] < len(ids):
        show(ids[click["row"]])


def show(run_id: str) -> None:
    """Open a run, and bring it into view."""
    undo.forget()
    st.query_params["run"] = run_id
    st.session_state[OPENINGS] = st.session_state.get(OPENINGS, 0) + 1


def close() -> None:
    """Close the open run."""
    st.query_params.pop("run", None)


def opened(rows: Sequence[RunSummary]) -> RunSummary | None:
    """The run that the address names; an unknown one gets a warning."""
    linked = st.query_params.get("run")
    found = next((row for row in rows if row.id == linked), None)
    if linked and found is None:
        run_picker.chosen()  # shows the warning
    return found


def ticks() -> list[str]:
    """The ids of the ticked runs, those that a filter hides included."""
    return list(st.session_state.get(TICKED) or [])


def ticked(rows: Sequence[RunSummary]) -> list[RunSummary]:
    """The ticked runs among these, in their order."""
    chosen = set(ticks())
    return [row for row in rows if row.id in chosen]


def tick(run_ids: Sequence[str]) -> None:
    """Tick exactly these runs."""
    st.session_state[TICKED] = list(run_ids)
    st.session_state[TABLES] = st.session_state.get(TABLES, 0) + 1
