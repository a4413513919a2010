"""Charts of runs, from the cached `.jsonl` lines; under `name` the view of one stands in the page's address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import plotly.graph_objects as go
import streamlit as st

from aecore import plots
from aecore.errors import UserError
from aecore.plots.sweep import sweep_figure
from aecore.plots.sweep_axes import View
from aecore.runs.run import Run
from dashboard.cache import jsonl, runs
from dashboard.cache.sweeps import Seen, groups
from dashboard.charts.plotly_chart import plotly_chart


def loss_chart(run: Run, key: str, name: str = "") -> None:
    """Training and test loss, and below them everything else that is recorded per epoch."""
    _show(lambda: plots.loss_curves(run, read=jsonl.lines), key, name)


def step_chart(run: Run, key: str, name: str = "") -> None:
    """Losses by training step."""
    _show(lambda: plots.step_curves(run, read=jsonl.lines), key, name)


def layer_chart(run: Run, key: str, name: str = "") -> None:
    """Statistics of the code units and the layers."""
    _show(lambda: plots.layer_curves(run, read=jsonl.lines), key, name)


def comparison_chart(
    chosen: Sequence[Run],
    metric: str,
    key: str,
    *,
    name: str = "",
    names: Sequence[str] = (),
    axis: str = "epoch",
    smoothing: float = 0.0,
    log: bool = True,
) -> None:
    """One metric of several runs, overlaid."""
    names = names or [summary.marked(summary.title) for summary in map(runs.summary, chosen)]

    def draw() -> go.Figure:
        made = plots.metric_curves(
            *chosen, metric=metric, axis=axis, smoothing=smoothing, log=log, names=names, read=jsonl.lines
        )
        # The page has a log switch of its own, which is part of its address.
        return made.update_layout(meta=made.layout.meta | {"log": []})

    _show(draw, key, name, revision=f"{metric} {axis} {log}")


def projection_chart(run: Run, method: str, dims: int, key: str) -> None:
    """A saved projection as an interactive plotly figure."""
    _show(lambda: plots.projection(run, method, dims, found=runs.projection(run, method, dims)), key)


def sweep_chart(seen: Seen, metric: str, under: str, view: View, key: str) -> None:
    """A sweep in one of its views."""
    plotly_chart(_sweep_figure(seen, metric, under, view), key=key, name="chart", revision=f"{metric} {under} {view}")


@lru_cache(maxsize=8)
def _sweep_figure(seen: Seen, metric: str, under: str, view: View) -> go.Figure:
    return sweep_figure(seen.sweep, groups(seen, metric, under), metric, under, view, seen.folder.id)


def _show(figure: Callable[[], go.Figure], key: str, name: str = "", revision: str = "") -> None:
    """Show the figure, or the reason why there is none."""
    try:
        made = figure()
    except UserError as error:
        text = str(error)
        st.caption(f"{text[0].upper()}{text[1:]}.")
        return
    plotly_chart(made, key=key, name=name, revision=revision)
