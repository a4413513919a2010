"""Which runs are compared, and which of them is the baseline."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.runs.run import Run
from aecore.runs.store import Store
from dashboard.cache import runs
from dashboard.compare.url import PAGE
from dashboard.url_state import key
from dashboard.widgets import run_picker

# What a first visit compares, as far as these runs exist: what does a wider code buy?
SUGGESTED = ("mnist-selu-2-clean", "mnist-selu-6-clean", "mnist-mlp8")


def choose_runs() -> list[Run]:
    """The runs to compare and the baseline among them."""
    state, listed = st.session_state, {row.id: row for row in runs.summaries() if row.state != "damaged"}
    field = key(PAGE, "runs")
    unknown = [name for name in state[field] if name not in listed]
    if unknown:
        st.warning(
            f"There is no run {', '.join(f'“{name[:60]}”' for name in unknown)} here.", icon=":material/search_off:"
        )
    wanted = [name for name in state[field] if name in listed]
    if not wanted:
        finished = [name for name, row in listed.items() if row.state == "finished"]
        wanted = [name for name in SUGGESTED if name in listed] or finished[:2]
    state[field] = wanted
    names = run_picker.labels(listed.values())
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        chosen = st.multiselect(
            "Runs",
            list(listed),
            format_func=names.__getitem__,
            key=field,
            placeholder="Choose two runs or more",
        )
    base = key(PAGE, "base")
    if state[base] not in chosen:
        state[base] = ""
    with right:
        st.selectbox(
            "Baseline",
            ["", *chosen],
            format_func=lambda name: names[name] if name else "None",
            key=base,
            help="Every metric is also shown as its difference from this run.",
        )
    store = Store.default()
    return [run for run in map(store.listed, chosen) if run is not None]


def titles_of(chosen: Sequence[Run]) -> list[str]:
    """The title of each run in the list, where no two are equal."""
    return runs.titles(chosen)


def marked_titles_of(chosen: Sequence[Run]) -> list[str]:
    """The same, with a mark before those of runs with remarks: where no table beside them has it."""
    found = zip(map(runs.summary, chosen), titles_of(chosen), strict=True)
    return [summary.marked(title) for summary, title in found]
