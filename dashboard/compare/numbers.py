"""Curves of several runs, their scores and the settings that differ."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aecore.config.corruption import Corruption
from aecore.errors import DamagedError, OutdatedError
from aecore.plots.curves import AXIS_TITLES, METRIC_TITLES, loss_notes
from aecore.runs.measures import Measures
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE, run_state
from dashboard import page
from dashboard.cache import runs
from dashboard.cache.measures import measures
from dashboard.charts.run_charts import comparison_chart
from dashboard.compare import tables
from dashboard.compare.choose import titles_of
from dashboard.compare.url import PAGE
from dashboard.format import plain
from dashboard.measure.url import MOST
from dashboard.url_state import key

REFRESH_S = 2.0


def numbers(chosen: Sequence[Run]) -> None:
    """What was measured, and which settings differ; `curves` are above."""
    titles = titles_of(chosen)
    base = st.session_state[key(PAGE, "base")]
    baseline = next((i for i, run in enumerate(chosen) if run.id == base), None)
    order = draw_metrics(chosen, titles, baseline)
    st.subheader("Settings that differ", anchor=False)
    differing = tables.settings_table([run.settings() for run in chosen], titles, baseline, order)
    if not differing:
        st.caption("None: these runs have the same settings.")


def curves(chosen: Sequence[Run], names: Sequence[str]) -> None:
    """A metric over time, in one chart, under these names."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        field = st.selectbox(
            "Curve",
            list(METRIC_TITLES),
            format_func=METRIC_TITLES.__getitem__,
            key=key(PAGE, "curve"),
            width=190,
        )
        axis = st.selectbox(
            "X axis",
            list(AXIS_TITLES),
            format_func=AXIS_TITLES.__getitem__,
            key=key(PAGE, "x"),
            width=200,
        )
        amount = st.slider("Smoothing", 0.0, 0.95, step=0.05, key=key(PAGE, "smooth"), width=180)
        log = st.toggle("Log axis", key=key(PAGE, "log"))

    def drawn() -> None:
        comparison_chart(
            chosen, field, "compare-curves", name="chart", names=names, axis=axis, smoothing=amount, log=log
        )
        for note in loss_notes(chosen) if "loss" in field else []:
            st.caption(note)

    active = any(run_state(run) in ACTIVE for run in chosen)
    page.draw(drawn, run_every=REFRESH_S if active else None)


def draw_metrics(chosen: Sequence[Run], titles: Sequence[str], baseline: int | None) -> list[int] | None:
    """The metrics of all runs; returns the order in which many are listed, None for that in which they were chosen."""
    st.subheader("On the whole test set", anchor=False)
    tested = list(dict.fromkeys(entry["corruption"] for run in chosen for entry in run.evaluation()))
    field = key(PAGE, "tested")
    rows = [runs.summary(run) for run in chosen]
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    if tested:
        if st.session_state[field] not in tested:
            st.session_state[field] = tested[0]
        controls.selectbox(
            "Test corruption", tested, format_func=lambda text: Corruption.parse(text).label, key=field, width=400
        )
    lines = tables.measured(chosen, rows, st.session_state[field])
    of_code = tables.lines_of_measures([measures_of(run) for run in chosen])
    order = choose_order(controls, [*lines, *of_code]) if len(chosen) > tables.FEW else None
    remarked = {i for i, row in enumerate(rows) if row.remarks}
    excluded = {i for i, row in enumerate(rows) if not row.may_win}
    tables.metrics_table(lines, titles, baseline, remarked, excluded, order)
    for i, row in enumerate(rows):
        if row.remarks:
            st.caption(f"**{tables.letter(i)}** {plain(row.mark)}.")
    if of_code:
        st.subheader("Measures of the code", anchor=False)
        tables.metrics_table(of_code, titles, baseline, remarked, excluded, order)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Small: 95 % intervals. Best: better by more than these, on the same images.", width="content")
            first = ",".join(run.id for run in chosen[:MOST])
            icon = ":material/straighten:"
            st.page_link("pages/measure.py", label="What they mean", icon=icon, query_params={"run": first})
    sets = {run.experiment().data.source for run in chosen}
    if len(sets) > 1:
        st.caption(f"Measured on different images ({', '.join(sorted(sets))}): compare with care.")
    return order


def measures_of(run: Run) -> Measures | None:
    """What was measured of a run; None where that cannot be read or is of other weights, which Measure says."""
    try:
        return measures(run)
    except (DamagedError, OutdatedError):
        return None


def choose_order(place: DeltaGenerator, lines: Sequence[tables.Line]) -> list[int] | None:
    """By which line many runs are listed; None for the order in which they were chosen."""
    found, field = {line.title: line for line in lines}, key(PAGE, "order")
    if st.session_state[field] not in found:
        st.session_state[field] = ""
    by = place.selectbox(
        "Order", ["", *found], format_func=lambda name: f"By {name}" if name else "As chosen", key=field, width=240
    )
    return tables.ordered(found[by]) if by else None
