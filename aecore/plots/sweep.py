"""A sweep as figures: lines with their spread, a heat map, and all settings as parallel axes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any, get_args

import plotly.graph_objects as go

from aecore.errors import UserError, nearest
from aecore.format import count, drawable
from aecore.plots.style import INK, SEQUENTIAL, SHADES, axis, color, layout
from aecore.plots.sweep_axes import (
    View,
    distinct_labels,
    heat_keys,
    is_far_apart,
    is_log,
    is_log_metric,
    is_numeric,
    line_keys,
    metric_title,
    name_of,
    values_of,
    varied,
    views,
)
from aecore.runs.store import Store
from aecore.sweeps import labels, statistics
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import GOALS, MEASURED, Sweep
from aecore.sweeps.statistics import Group
from aecore.sweeps.store import SweepFolder

MOST_TICKS = 12


def sweep(
    which: str | SweepFolder, metric: str | None = None, under: str | None = None, view: View | None = None
) -> go.Figure:
    """A metric of a sweep's finished runs, as mean and spread over the seeds of every combination.

    `metric` is one of `aecore.sweeps.definition.GOALS`, by default the sweep's goal; `under` is the corruption of the
    test images (`none`, `own` for each run's training corruption, or for example `gaussian:0.2`). The view depends on
    what varies: `lines`, `heat` or `parallel`. Raises `UserError` if no finished run has the metric.
    """
    folder = which if isinstance(which, SweepFolder) else sweep_store.find(which, Store.default())
    definition = folder.sweep()
    metric, under = metric or definition.goal, under or definition.under
    if metric not in GOALS:
        raise UserError(f"unknown metric '{metric}': {nearest(metric, GOALS)}")
    found = statistics.groups(definition, sweep_store.rows(folder, Store.default()), metric, under)
    if not found:
        raise UserError(f"no finished run of sweep {folder.id} has {labels.heading(metric, under, metric in MEASURED)}")
    return sweep_figure(definition, found, metric, under, view or views(definition)[0], folder.id)


def sweep_figure(
    sweep: Sweep, groups: Sequence[Group], metric: str, under: str, view: View, file: str = "sweep"
) -> go.Figure:
    """The figure for these combinations, of which there is at least one."""
    if view not in get_args(View):
        raise UserError(f"unknown view '{view}': {nearest(view, get_args(View))}")
    title = labels.heading(metric, under, metric in MEASURED)
    best = statistics.best(groups, GOALS[metric])[0]
    alt = f"{title} of {count(len(groups), 'combination')}, best {labels.score(metric, best.mean, best.std)} with "
    alt += f"{labels.combination(best.values)}."
    look = layout(f"{drawable(sweep.name)}: {title}", alt, f"{file}-{metric.replace('_', '-')}", height=460)
    make = {"lines": _lines, "heat": _heat, "parallel": _parallel}[view]
    return make(sweep, groups, metric, look)


# ---- lines ---------------------------------------------------------------------------------------


def _lines(sweep: Sweep, groups: Sequence[Group], metric: str, look: dict[str, Any]) -> go.Figure:
    key, line_key = [*line_keys(sweep), None][:2]
    values = values_of(sweep, key, groups)
    scale = labels.METRICS[metric].scale
    log = is_log(sweep, key, values)
    numbers = is_numeric(values) and (log or not is_far_apart(values))
    traces: list[dict[str, Any]] = []
    lines = values_of(sweep, line_key, groups) if line_key else [None]
    for i, of in enumerate(lines):
        own = [group for group in groups if line_key is None or name_of(group.values[line_key]) == name_of(of)]
        own.sort(key=lambda group: [name_of(value) for value in values].index(name_of(group.values[key])))
        name = labels.value(line_key, of) if line_key else labels.METRICS[metric].title
        name = f"{labels.setting(line_key)} {name}" if line_key and is_numeric(lines) else name
        traces += _one_line(own, key, numbers, metric, scale, name, i)
    at = values if numbers else [labels.value(key, value) for value in values]
    ticks: dict[str, Any] = {"type": "category", "categoryorder": "array", "categoryarray": at}
    if numbers:
        ticks = {"type": "log" if log else "linear"}
        if len(values) <= MOST_TICKS:
            ticks |= {"tickvals": at, "ticktext": [labels.value(key, value) for value in values]}
    look |= {
        "xaxis": axis(labels.setting(key), log=False) | ticks,
        "yaxis": axis(metric_title(metric), log=is_log_metric(groups)),
        "hovermode": "closest",
        "showlegend": len(lines) > 1,
    }
    look["meta"]["log"] = ["yaxis"] if min(group.mean for group in groups) > 0 else []
    return go.Figure({"data": traces, "layout": look})


def _one_line(
    groups: Sequence[Group], key: str, numbers: bool, metric: str, scale: float, name: str, shade: int
) -> list[dict[str, Any]]:
    """A band of one standard deviation to each side, a faint dot per seed, and a line through the means."""
    x = [group.values[key] if numbers else labels.value(key, group.values[key]) for group in groups]
    mean = [group.mean * scale for group in groups]
    spread = [(group.std or 0.0) * scale for group in groups]
    one: dict[str, Any] = {
        "type": "scatter",
        "legendgroup": name,
        "name": name,
        "line": {"color": color(shade), "width": 2},
    }
    quiet = {"showlegend": False, "hoverinfo": "skip"}
    traces: list[dict[str, Any]] = []
    if numbers and len(x) > 1 and any(spread):
        upper, lower = ([m + sign * s for m, s in zip(mean, spread, strict=True)] for sign in (1, -1))
        edge = {"mode": "lines", "line": {"width": 0, "color": color(shade)}}
        traces += [
            {**one, **quiet, **edge, "x": x, "y": lower},
            {**one, **quiet, **edge, "x": x, "y": upper, "fill": "tonexty", "fillcolor": color(shade, 0.15)},
        ]
        bars = {}
    else:
        bars = {
            "error_y": {"type": "data", "array": spread, "visible": any(spread), "color": color(shade), "thickness": 1}
        }
    dots = [(at, score * scale) for at, group in zip(x, groups, strict=True) for score in group.scores]
    if any(len(group.scores) > 1 for group in groups):
        marks = {"mode": "markers", "marker": {"color": color(shade, 0.35), "size": 5}}
        traces.append({**one, **quiet, **marks, "x": [d[0] for d in dots], "y": [d[1] for d in dots]})
    traces.append(
        {
            **one,
            **bars,
            "mode": "lines+markers",
            "x": x,
            "y": mean,
            "marker": {"color": color(shade), "size": 8},
            "text": [_hover_text(metric, group) for group in groups],
            "hovertemplate": "%{text}<extra></extra>",
        }
    )
    return traces


def _hover_text(metric: str, group: Group) -> str:
    return "<br>".join(
        [
            labels.combination(group.values),
            labels.score(metric, group.mean, group.std),
            labels.seeds(len(group.scores)),
        ]
    )


# ---- heat map ------------------------------------------------------------------------------------


def _heat(sweep: Sweep, groups: Sequence[Group], metric: str, look: dict[str, Any]) -> go.Figure:
    across, down = heat_keys(sweep)
    columns, rows = values_of(sweep, across, groups), values_of(sweep, down, groups)
    found = {(name_of(group.values[across]), name_of(group.values[down])): group for group in groups}
    cells = [[found.get((name_of(column), name_of(row))) for column in columns] for row in rows]
    scale, log = labels.METRICS[metric].scale, is_log_metric(groups)

    def shade(group: Group | None) -> float | None:
        if group is None:
            return None
        return math.log10(group.mean * scale) if log else group.mean * scale

    bar: dict[str, Any] = {
        "title": {"text": metric_title(metric), "side": "right"},
        "thickness": 14,
        "outlinewidth": 0,
    }
    if log:
        powers = range(
            math.floor(min(shade(g) or 0 for g in groups)), math.ceil(max(shade(g) or 0 for g in groups)) + 1
        )
        bar |= {"tickvals": list(powers), "ticktext": [f"{10.0**power:g}" for power in powers]}
    trace = {
        "type": "heatmap",
        "x": distinct_labels(across, columns),
        "y": ["<br>".join(textwrap.wrap(label, 16)) for label in distinct_labels(down, rows)],
        "z": [[shade(group) for group in line] for line in cells],
        "text": [["" if g is None else labels.score(metric, g.mean, g.std) for g in line] for line in cells],
        "customdata": [["" if g is None else _hover_text(metric, g) for g in line] for line in cells],
        "texttemplate": "%{text}",
        "hovertemplate": "%{customdata}<extra></extra>",
        "textfont": {"size": 12},
        "colorscale": SHADES,
        "reversescale": GOALS[metric] == "lower",
        "colorbar": bar,
        "xgap": 2,
        "ygap": 2,
        "hoverongaps": False,
    }
    look |= {
        "xaxis": axis(labels.setting(across), type="category", showgrid=False),
        "yaxis": axis(labels.setting(down), type="category", showgrid=False, autorange="reversed"),
        "height": 150 + max(64 * len(rows), 160),
    }
    return go.Figure({"data": [trace], "layout": look})


# ---- parallel axes -------------------------------------------------------------------------------


def _parallel(sweep: Sweep, groups: Sequence[Group], metric: str, look: dict[str, Any]) -> go.Figure:
    scale = labels.METRICS[metric].scale
    means, log = [group.mean * scale for group in groups], is_log_metric(groups)
    dimensions = [_dimension(sweep, key, groups) for key in varied(sweep)]
    shown = [math.log10(mean) for mean in means] if log else means
    last: dict[str, Any] = {"label": metric_title(metric), "values": shown}
    if log:
        powers = range(math.floor(min(shown)), math.ceil(max(shown)) + 1)
        last |= {"tickvals": list(powers), "ticktext": [f"{10.0**power:g}" for power in powers]}
    trace = {
        "type": "parcoords",
        "dimensions": [*dimensions, last],
        "line": {
            "color": shown,
            "colorscale": SEQUENTIAL,
            "reversescale": GOALS[metric] == "lower",
            "showscale": False,
        },
        "labelfont": {"size": 13, "color": INK},
        "tickfont": {"size": 11, "color": INK},
        "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
        "customdata": [_hover_text(metric, group).replace("<br>", "; ") for group in groups],
    }
    look["margin"] = {"l": 70, "r": 70, "t": 96, "b": 24}
    return go.Figure({"data": [trace], "layout": look})


def _dimension(sweep: Sweep, key: str, groups: Sequence[Group]) -> dict[str, Any]:
    """One axis: numbers to scale, words and unevenly spaced numbers at equal distances."""
    values = values_of(sweep, key, groups)
    names = [name_of(value) for value in values]
    named = [labels.value(key, value) for value in values]
    title = labels.setting(key)
    log = is_log(sweep, key, values)
    if not is_numeric(values) or (len(values) <= MOST_TICKS and not log and is_far_apart(values)):
        at = [names.index(name_of(group.values[key])) for group in groups]
        return {"label": title, "values": at, "tickvals": list(range(len(values))), "ticktext": named}
    if not log:
        ticks = {"tickvals": values, "ticktext": named} if len(values) <= MOST_TICKS else {}
        return {"label": title, "values": [group.values[key] for group in groups], **ticks}
    ticks = {"tickvals": [math.log10(value) for value in values], "ticktext": named}
    if len(values) > MOST_TICKS:
        powers = range(math.floor(math.log10(values[0])), math.ceil(math.log10(values[-1])) + 1)
        ticks = {"tickvals": list(powers), "ticktext": [labels.value(key, 10.0**power) for power in powers]}
    return {"label": title, "values": [math.log10(group.values[key]) for group in groups], **ticks}
