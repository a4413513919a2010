"""The results of a sweep: the metric, its chart, and the combinations from best to worst."""

from __future__ import annotations

import streamlit as st

from aecore.format import count
from aecore.plots.sweep_axes import View
from aecore.plots.sweep_axes import views as fitting_views
from aecore.runs.store import Store
from aecore.sweeps import labels
from aecore.sweeps.statistics import Group
from dashboard.cache.sweeps import Seen, groups, metrics
from dashboard.charts.run_charts import sweep_chart
from dashboard.sweep.choose import PAGE
from dashboard.sweep.pictures import pictures
from dashboard.sweep.table import table, ticked_bar
from dashboard.url_state import key

VIEWS: dict[View, str] = {"lines": "Lines", "heat": "Heat map", "parallel": "All settings"}


def results(seen: Seen) -> None:
    """Everything below the heading that depends on the rows."""
    known = metrics(seen)
    if not known:
        if seen.rows:
            st.caption("The chart appears with the first finished run.")
        return
    goal, under, view = _controls(seen, known)
    found = groups(seen, goal, under)
    if not found:
        st.info("No finished run has this metric.", icon=":material/query_stats:")
        return
    sweep_chart(seen, goal, under, view, key=f"sweep-chart-{seen.folder.id}")
    st.caption(legend(seen, found, goal, view))
    pictures(seen, goal, under)
    st.subheader("Combinations, best first", anchor=False)
    ticked_bar(seen, table(seen, found, goal), Store.default())


def _controls(seen: Seen, known: dict[str, list[str]]) -> tuple[str, str, View]:
    """Metric, test images and chart type, as the address says if those are available."""
    state, sweep = st.session_state, seen.sweep
    metric, tested, shape = key(PAGE, "figure"), key(PAGE, "under"), key(PAGE, "view")
    if state.get(metric) not in known:
        state[metric] = sweep.goal if sweep.goal in known else next(iter(known))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        goal: str = st.selectbox(
            "Metric", list(known), format_func=lambda name: labels.METRICS[name].title, key=metric, width=170
        )
        choices = known[goal]
        if choices and state.get(tested) not in choices:
            state[tested] = sweep.under if sweep.under in choices else choices[0]
        under = "none"
        if choices:
            under = st.selectbox(
                "Test images",
                choices,
                format_func=labels.tested_label,
                key=tested,
                width=290,
                help="The whole test set, clean or corrupted. As trained: under each run's own training corruption.",
            )
        views = fitting_views(sweep)
        if state.get(shape) not in views:
            state[shape] = views[0]
        if len(views) > 1:
            st.segmented_control("Chart", views, format_func=VIEWS.__getitem__, key=shape, required=True)
    return goal, under, state[shape]


def legend(seen: Seen, found: list[Group], goal: str, view: View) -> str:
    """What the chart shows, and the meaning of ±."""
    numbers = sorted({len(group.scores) for group in found})
    parts = []
    if numbers == [1]:
        parts.append("Each combination has one finished run, so there is no spread to show.")
    else:
        n = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        parts.append(f"Means over {n} seeds, ± one sample standard deviation.")
        if view == "lines":
            parts.append("Faint dots are individual runs.")
    if missing := seen.sweep.combinations - len(found):
        parts.append(
            f"{count(missing, 'combination')} {'has' if missing == 1 else 'have'} no finished run with this metric."
        )
    if goal in ("train_loss", "test_loss") and len({row.corruption for row in seen.rows}) > 1:
        parts.append("Each loss is measured under its run's own training corruption, which differs between runs.")
    return " ".join(parts)
