"""Runs for pages: read once while their files stay the same, chosen by id, linked by address."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import streamlit as st

from aecore import jobs
from aecore.presets import presets
from aecore.projection import Projection, cached, places
from aecore.store import (
    EVALUATION,
    EXPERIMENT,
    FIGURES,
    METRICS,
    NOTES,
    SNAPSHOTS,
    STATUS,
    WEIGHTS,
    Run,
    Store,
)
from aecore.summary import RunSummary, summarise
from dashboard import lines
from dashboard.address import key

_SEEN_BY_SUMMARY = (EXPERIMENT, STATUS, METRICS, EVALUATION, NOTES)


def summaries() -> list[RunSummary]:
    """Every run in one row, the shipped ones in the order of the reports, then the newest.

    A run is read again only when a file of it changed or it is active.
    """
    rows = [summary(run) for run in Store.default().runs()]
    order = {name: i for i, name in enumerate(presets())}
    return sorted(rows, key=lambda row: order.get(row.preset, len(order)) if row.shipped else len(order) + 1)


# Not a cache of Streamlit's: hashing its arguments takes longer than looking at the files.
_summaries: OrderedDict[str, tuple[tuple, RunSummary]] = OrderedDict()
_MOST_SUMMARIES = 20_000
_lock = threading.Lock()


def summary(run: Run) -> RunSummary:
    """One run in one row. An active run is read afresh: its process may have died without a word."""
    path, stamp = str(run.path), signature(run, _SEEN_BY_SUMMARY)
    found = _summaries.get(path)
    if found is not None and found[0] == stamp and found[1].state not in jobs.ACTIVE:
        return found[1]
    row = summarise(run, lines.metrics) if found is not None else summarise(run)
    with _lock:
        _summaries[path] = (stamp, row)
        while len(_summaries) > _MOST_SUMMARIES:
            _summaries.popitem(last=False)
    return row


def run_at(path: str) -> Run:
    """The run in that directory; caches are keyed by path."""
    return Run(Path(path))


def signature(run: Run, names: Sequence[str]) -> tuple:
    """What tells whether any of these files changed: their times and sizes."""
    folder, stamps = str(run.path), []
    for name in names:
        try:
            status = os.stat(os.path.join(folder, name))
            stamps.append((status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


def chosen() -> Run | None:
    """The run named in the address, if the store lists it; a stale or foreign id is said to be unknown."""
    run_id = st.query_params.get("run")
    if not run_id:
        return None
    run = Store.default().listed(run_id)
    if run is None:
        st.warning(f"There is no run “{run_id[:80]}” here. It may have been deleted.", icon=":material/search_off:")
        del st.query_params["run"]
    return run


def with_weights() -> list[Run]:
    """The runs that have something to look through: saved weights."""
    return [run for run in Store.default().runs() if run.file(WEIGHTS).is_file()]


def snapshots(run: Run):
    """The run's panel as arrays, read again only when its file changed. Raises `DamagedError`."""
    return _tensors(str(run.path), SNAPSHOTS, signature(run, (SNAPSHOTS,)))


def figures(run: Run):
    """The pictures of the report's figures that the run keeps, by name. Raises `DamagedError` without them."""
    return _tensors(str(run.path), FIGURES, signature(run, (FIGURES,)))


@st.cache_resource(max_entries=32, show_spinner=False)
def _tensors(path: str, name: str, stamp: tuple):
    return run_at(path).tensors(name)


def projection(run: Run, method: str, dims: int) -> Projection | None:
    """The run's saved projection of that kind, if it has one. Raises `DamagedError` when it cannot be read."""
    files = tuple(str(path) for path in places(run, method, dims))
    return _projection(str(run.path), method, dims, signature(run, files))


@st.cache_resource(max_entries=32, show_spinner=False)
def _projection(path: str, method: str, dims: int, stamp: tuple) -> Projection | None:
    return cached(run_at(path), method, dims)


def choose(
    page: str, width: int | Literal["stretch"] = "stretch", on_change: Callable[[], None] = lambda: None
) -> Run | None:
    """A picker of runs with weights, kept in the page's address; None, with a way on, where there is none."""
    usable = {run.id: run for run in with_weights()}
    if not usable:
        st.info("No run has saved weights yet. Train one first.", icon=":material/inbox:")
        st.page_link("views/train.py", label="Train a first model", icon=":material/play_arrow:")
        return None
    field = key(page, "run")
    asked = st.session_state.get(field, "")
    if asked not in usable:
        if asked:
            st.warning(f"There is no run “{asked[:80]}” with weights here.", icon=":material/search_off:")
        order = [row.id for row in summaries()]
        st.session_state[field] = min(usable, key=order.index)
    titles = {run_id: summary(run).title for run_id, run in usable.items()}
    picked = st.selectbox(
        "Run",
        list(usable),
        format_func=lambda run_id: label(run_id, titles),
        key=field,
        on_change=on_change,
        width=width,
    )
    return usable[picked]


def label(run_id: str, titles: Mapping[str, str]) -> str:
    """A run's title with its id, unless that says the same."""
    return run_id if titles[run_id] in run_id else f"{titles[run_id]}  ({run_id})"
