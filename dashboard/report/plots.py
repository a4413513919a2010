"""Several runs in one plot, and codes as clouds of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from aecore.projection import Projection
from aecore.store import Run
from dashboard.live_chart import Panel, Series, live_chart


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


def cloud(found: Projection, classes: Sequence[str], key: str) -> None:
    """A projection as a scatter plot, a colour a class, with the figures that say how far to trust it."""
    figure = go.Figure()
    three = found.dims == 3
    for label, name in enumerate(classes):
        points = found.coordinates[found.labels == label]
        if not len(points):
            continue
        size = 3 if len(found.labels) > 5000 else 4
        common: dict[str, Any] = {
            "mode": "markers",
            "name": name,
            "marker": {"size": 2 if three else size, "opacity": 0.75},
            "hovertemplate": f"{name}<extra></extra>",
        }
        if three:
            figure.add_scatter3d(x=points[:, 0], y=points[:, 1], z=points[:, 2], **common)
        else:
            figure.add_scattergl(x=points[:, 0], y=points[:, 1], **common)
    bare = {"showticklabels": False, "title": "", "showgrid": three, "zeroline": False}
    figure.update_layout(
        height=560 if three else 460,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        legend={"itemsizing": "constant", "orientation": "h", "y": -0.02},
        xaxis=bare,
        yaxis=bare | {"scaleanchor": "x"},
        scene={"xaxis": bare, "yaxis": bare, "zaxis": bare},
    )
    st.plotly_chart(figure, key=key, config={"displaylogo": False})
    st.caption(trust(found))


def trust(found: Projection) -> str:
    """How far to believe the picture, in words."""
    quality, parts = found.quality, [f"{len(found.labels):,} test images"]
    if "explained_variance" in quality:
        parts.append(f"{quality['explained_variance']:.0%} of the variance shown")
    if found.method != "units":
        parts.append(f"trustworthiness {quality['trustworthiness']:.3f}")
    parts.append(
        f"the ten nearest neighbours tell {quality['knn_accuracy']:.1%} of the classes in the picture, "
        f"{quality['code_knn_accuracy']:.1%} in the code itself"
    )
    return "; ".join(parts) + "."
