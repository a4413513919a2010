"""Choosing a run: by the address, or from those with weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import streamlit as st

from aecore.runs.store import WEIGHTS, Run, Store
from aecore.runs.summary import MARK, RunSummary
from dashboard.cache.runs import summaries, summary
from dashboard.url_state import key


def chosen() -> Run | None:
    """The run named in the address, if the store has it; an unknown id gets a warning."""
    run_id = st.query_params.get("run")
    if not run_id:
        return None
    run = Store.default().listed(run_id)
    if run is None:
        st.warning(f"There is no run “{run_id[:80]}” here. It may have been deleted.", icon=":material/search_off:")
        del st.query_params["run"]
    return run


def with_weights() -> list[Run]:
    """The runs with saved weights."""
    return [run for run in Store.default().runs() if run.file(WEIGHTS).is_file()]


def choose(
    page: str, width: int | Literal["stretch"] = "stretch", on_change: Callable[[], None] = lambda: None
) -> Run | None:
    """A picker of runs with weights, kept in the page's address; None, with a link to Train, if there are none."""
    usable = {run.id: run for run in with_weights()}
    if not usable:
        st.info("No run has saved weights yet. Train one first.", icon=":material/inbox:")
        st.page_link("pages/train.py", label="Train a first model", icon=":material/play_arrow:")
        return None
    field = key(page, "run")
    asked = st.session_state.get(field, "")
    if asked not in usable:
        if asked:
            st.warning(f"There is no run “{asked[:80]}” with weights here.", icon=":material/search_off:")
        order = [row.id for row in summaries()]
        st.session_state[field] = min(usable, key=order.index)
    names = labels(map(summary, usable.values()))
    picked = st.selectbox(
        "Run",
        list(usable),
        format_func=names.__getitem__,
        key=field,
        on_change=on_change,
        width=width,
    )
    return usable[picked]


def labels(rows: Iterable[RunSummary]) -> dict[str, str]:
    """The label of every run by its id, with a mark before those with remarks: a narrow picker cuts off the end."""
    known = list(rows)
    titles = {row.id: row.title for row in known}
    return {row.id: f"{f'{MARK} ' if row.remarks else ''}{label(row.id, titles)}" for row in known}


def label(run_id: str, titles: Mapping[str, str]) -> str:
    """A run's title with its id, unless the id contains the title."""
    return run_id if titles[run_id] in run_id else f"{titles[run_id]}  ({run_id})"
