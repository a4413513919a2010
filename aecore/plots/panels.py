"""Plots stacked over one x axis, as figures for plotly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from aecore.plots.style import LEGEND_ROW, MUTED, axis, color, layout

GAP, TOP, BOTTOM = 46, 64, 46
"""Pixels between two panels, above the first if the legend has one row, and below the last."""
SERIES_PER_ROW = 6


@dataclass(frozen=True)
class Panel:
    """One plot of a stack, `height` pixels high.

    With `log` the axis is logarithmic and shows only values above 0; a linear one starts at 0. `counts` means that
    values and ticks are integers.
    """

    title: str
    height: int
    traces: Sequence[Mapping[str, Any]] = field(repr=False)
    log: bool = False
    counts: bool = False


def line(
    name: str, x: Sequence[float], y: Sequence[float | None], shade: int, *, step: bool = False, dash: str = "solid"
) -> dict[str, Any]:
    """A curve; `shade` is an index in the palette. Missing values of y are gaps, and a single point is a dot."""
    known = sum(value is not None for value in y)
    return {
        "type": "scatter",
        "mode": "lines+markers" if known == 1 else "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": color(shade), "width": 1.8, "dash": dash} | ({"shape": "hv"} if step else {}),
        "marker": {"color": color(shade), "size": 7},
        "hovertemplate": "%{y:.4~g}",
    }


def stack(
    panels: Sequence[Panel],
    *,
    title: str,
    alt: str,
    file: str,
    x_title: str,
    x_name: str,
    x_range: tuple[float, float] | None = None,
) -> go.Figure:
    """The panels one above the other. `x_name` precedes the x value in the hover box: `epoch`."""
    heights = [panel.height for panel in panels]
    inner = sum(heights) + GAP * (len(panels) - 1)
    last = "y" if len(panels) == 1 else f"y{len(panels)}"
    horizontal = axis(x_title, anchor=last, showspikes=True, spikemode="across", spikethickness=1, spikedash="solid")
    horizontal |= {"spikecolor": MUTED, "spikesnap": "hovered data", "unifiedhovertitle": {"text": f"{x_name} %{{x}}"}}
    if x_range:
        horizontal["range"] = list(x_range)
    axes, traces, titles, top = {"xaxis": horizontal}, [], [], 1.0
    for i, panel in enumerate(panels):
        name = "yaxis" if i == 0 else f"yaxis{i + 1}"
        bottom = top - panel.height / inner
        more: dict[str, Any] = {"domain": [max(bottom, 0), top], "anchor": "x"}
        if not panel.log:
            more |= {"rangemode": "tozero", "tickformat": "~g"}
        axes[name] = axis(panel.title if panel.height >= 120 else "", log=panel.log, **more)
        if panel.log:
            axes[name] |= {"dtick": 1 if panel.height < 120 else "D1" if _within_a_decade(panel.traces) else "D2"}
        if panel.height < 120:
            axes[name] |= {"dtick": _whole_step(panel.traces)} if panel.counts else {"nticks": 3}
            titles.append(_heading(panel.title, top))
        traces += [{**trace, "yaxis": name.replace("axis", "")} for trace in panel.traces]
        top = bottom - GAP / inner
    switched = ["yaxis" if i == 0 else f"yaxis{i + 1}" for i, panel in enumerate(panels) if panel.log]
    above = TOP + LEGEND_ROW * (math.ceil(len(traces) / SERIES_PER_ROW) - 1)
    look = layout(title, alt, file, height=inner + above + BOTTOM, log=switched, hovermode="x unified")
    look |= axes | {"annotations": titles, "hoversubplots": "axis", "showlegend": True}
    look["margin"] = {"l": 64, "r": 16, "t": above, "b": BOTTOM}
    return go.Figure({"data": traces, "layout": look})


def _heading(text: str, top: float) -> dict[str, Any]:
    """The title of a panel that is too low for a title along its axis."""
    at = {"xref": "paper", "yref": "paper", "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom", "yshift": 4}
    return at | {"text": text, "showarrow": False, "font": {"size": 12, "color": MUTED}}


def _within_a_decade(traces: Sequence[Mapping[str, Any]]) -> bool:
    """Whether ticks at every digit, 0.02, 0.03, 0.04, fits on a logarithmic axis."""
    values = [value for trace in traces for value in trace["y"] if value is not None and value > 0]
    return bool(values) and max(values) < 8 * min(values)


def _whole_step(traces: Sequence[Mapping[str, Any]]) -> int:
    """An integer step that gives a low panel two or three ticks."""
    return max(1, math.ceil(max((value for trace in traces for value in trace["y"] if value), default=1) / 2))
