"""Several runs in one plot, and codes as clouds of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from aecore.latent.projection_store import Projection
from aecore.runs.store import Run
from dashboard.cache.images import image_info
from dashboard.charts.live_chart import Panel, Series, live_chart
from dashboard.components.point_cloud import cloud as draw_clouds
from dashboard.components.point_cloud.ship import view


def compared(chosen: Sequence[Run], field: str, title: str, log: bool, key: str) -> None:
    """One field of metrics.jsonl of several runs in one plot."""
    longest: list[dict[str, Any]] = max((run.metrics() for run in chosen), key=len)
    epochs = [line["epoch"] for line in longest]
    scale = 1 if log else 100
    series: list[Series] = []
    for i, run in enumerate(chosen):
        values = {line["epoch"]: line[field] * scale for line in run.metrics() if line.get(field) is not None}
        shown = [values.get(epoch) for epoch in epochs]
        series.append(Series(name=run.id, values=shown, color=i, step=False))
    live_chart(
        epochs,
        [Panel(title=title, height=230, log=log, series=series)],
        (1, max(2, epochs[-1])),
        key=key,
        alt=f"{title} of {' and '.join(run.id for run in chosen)}",
    )


@st.fragment
def cloud(run: Run, found: Projection, key: str) -> None:
    """A projection as points that turn under the hand; a fragment, so that pinning one draws nothing else anew."""
    place = st.container()
    shown = view(run, found, plain=True)
    with place:
        draw_clouds(
            [shown],
            classes=image_info(run).classes,
            images=run.experiment().data.name,
            key=key,
            height=480,
            file=f"{run.id}-{found.method}-{found.dims}d",
        )
