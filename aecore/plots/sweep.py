"""A sweep as figures: lines with their spread, a heat map, and all settings as parallel axes."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal, get_args

import plotly.graph_objects as go

from aecore.errors import UserError, nearest
from aecore.format import count
from aecore.plots.style import INK, SEQUENTIAL, SHADES, axis, color, layout
from aecore.runs.store import Store
from aecore.sweeps import labels, statistics
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import GOALS, MEASURED, Range, Sweep
from aecore.sweeps.statistics import Group
from aecore.sweeps.store import SweepFolder

View = Literal["lines", "heat", "parallel"]
MOST_LINES = 10
"""The number of lines with a colour each."""
CLEARLY = 1.5
"""How many times more evenly spaced the logarithms must be for an axis to be logarithmic."""
FAR_APART = 8
"""Above this ratio between gaps, values can hardly be distinguished on a linear axis."""
LOG_METRIC = 30
"""From this ratio between highest and lowest mean, the metric has a logarithmic axis."""
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


def varied(sweep: Sweep) -> list[str]:
    """The settings with more than one value; the first if none has."""
    found = [key for key, values in sweep.vary.items() if isinstance(values, Range) or len(values) > 1]
    return found or list(sweep.vary)[:1]


def views(sweep: Sweep) -> list[View]:
    """The views that fit, the default first."""
    keys = varied(sweep)
    if len(keys) == 1:
        return ["lines"]
    if len(keys) > 2 or any(isinstance(sweep.vary[key], Range) for key in keys):
        return ["parallel"]
    return ["lines", "heat"] if _color_key(sweep) else ["heat"]


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
    look = layout(f"{sweep.name}: {title}", alt, f"{file}-{metric.replace('_', '-')}", height=460)
    make = {"lines": _lines, "heat": _heat, "parallel": _parallel}[view]
    return make(sweep, groups, metric, look)


# ---- lines ---------------------------------------------------------------------------------------


def _lines(sweep: Sweep, groups: Sequence[Group], metric: str, look: dict[str, Any]) -> go.Figure:
    key, line_key = [*_line_keys(sweep), None][:2]
    values = _values(sweep, key, groups)
    scale = labels.METRICS[metric].scale
    log = _log_axis(sweep, key, values)
    numbers = _numbers(values) and (log or not _far_apart(values))
    traces: list[dict[str, Any]] = []
    lines = _values(sweep, line_key, groups) if line_key else [None]
    for i, of in enumerate(lines):
        own = [group for group in groups if line_key is None or _name(group.values[line_key]) == _name(of)]
        own.sort(key=lambda group: [_name(value) for value in values].index(_name(group.values[key])))
        name = labels.value(line_key, of) if line_key else labels.METRICS[metric].title
        name = f"{labels.setting(line_key)} {name}" if line_key and _numbers(lines) else name
        traces += _one_line(own, key, numbers, metric, scale, name, i)
    at = values if numbers else [labels.value(key, value) for value in values]
    ticks: dict[str, Any] = {"type": "category", "categoryorder": "array", "categoryarray": at}
    if numbers:
        ticks = {"type": "log" if log else "linear"}
        if len(values) <= MOST_TICKS:
            ticks |= {"tickvals": at, "ticktext": [labels.value(key, value) for value in values]}
    look |= {
        "xaxis": axis(labels.setting(key), log=False) | ticks,
        "yaxis": axis(_metric_title(metric), log=_log_metric(groups)),
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
    across, down = _heat_keys(sweep)
    columns, rows = _values(sweep, across, groups), _values(sweep, down, groups)
    found = {(_name(group.values[across]), _name(group.values[down])): group for group in groups}
    cells = [[found.get((_name(column), _name(row))) for column in columns] for row in rows]
    scale, log = labels.METRICS[metric].scale, _log_metric(groups)

    def shade(group: Group | None) -> float | None:
        if group is None:
            return None
        return math.log10(group.mean * scale) if log else group.mean * scale

    bar: dict[str, Any] = {
        "title": {"text": _metric_title(metric), "side": "right"},
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
        "x": _labels(across, columns),
        "y": ["<br>".join(textwrap.wrap(label, 16)) for label in _labels(down, rows)],
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
    means, log = [group.mean * scale for group in groups], _log_metric(groups)
    dimensions = [_dimension(sweep, key, groups) for key in varied(sweep)]
    shown = [math.log10(mean) for mean in means] if log else means
    last: dict[str, Any] = {"label": _metric_title(metric), "values": shown}
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
    values = _values(sweep, key, groups)
    names = [_name(value) for value in values]
    named = [labels.value(key, value) for value in values]
    title = labels.setting(key)
    if not _numbers(values) or (len(values) <= MOST_TICKS and not _log_axis(sweep, key, values) and _far_apart(values)):
        at = [names.index(_name(group.values[key])) for group in groups]
        return {"label": title, "values": at, "tickvals": list(range(len(values))), "ticktext": named}
    if not _log_axis(sweep, key, values):
        ticks = {"tickvals": values, "ticktext": named} if len(values) <= MOST_TICKS else {}
        return {"label": title, "values": [group.values[key] for group in groups], **ticks}
    ticks = {"tickvals": [math.log10(value) for value in values], "ticktext": named}
    if len(values) > MOST_TICKS:
        powers = range(math.floor(math.log10(values[0])), math.ceil(math.log10(values[-1])) + 1)
        ticks = {"tickvals": list(powers), "ticktext": [labels.value(key, 10.0**power) for power in powers]}
    return {"label": title, "values": [math.log10(group.values[key]) for group in groups], **ticks}


# ---- what varies ---------------------------------------------------------------------------------


def _line_keys(sweep: Sweep) -> list[str]:
    """The setting along the x axis, and the one that distinguishes the lines."""
    color_key, keys = _color_key(sweep), varied(sweep)
    return [key for key in keys if key != color_key][:1] + ([color_key] if color_key else [])


def _color_key(sweep: Sweep) -> str | None:
    """Which of two settings becomes the colour: words before numbers, few values before many."""
    keys = varied(sweep)
    if len(keys) != 2:
        return None
    lists = {key: values for key in keys if isinstance(values := sweep.vary[key], tuple)}
    able = [key for key, values in lists.items() if len(values) <= MOST_LINES]
    return min(able, key=lambda key: (_numbers(lists[key]), len(lists[key])), default=None)


def _heat_keys(sweep: Sweep) -> list[str]:
    """The setting on the horizontal axis, numeric if there is one, and the one on the vertical axis."""
    first, second = varied(sweep)[:2]
    turned = _numbers(sweep.vary[second]) and not _numbers(sweep.vary[first])
    return [second, first] if turned else [first, second]


def _values(sweep: Sweep, key: str, groups: Iterable[Group]) -> list[Any]:
    """All values of a setting: those of the sweep, and those of its runs from before it was changed."""
    listed = sweep.vary[key]
    found = list(listed) if isinstance(listed, tuple) else []
    known = {_name(value) for value in found}
    for group in groups:
        if _name(group.values[key]) not in known:
            known.add(_name(group.values[key]))
            found.append(group.values[key])
    return sorted(found) if _numbers(found) else found


def _log_axis(sweep: Sweep, key: str, values: Sequence[Any]) -> bool:
    """Whether the setting's axis is logarithmic: for 2, 4, 8, or for a logarithmic range."""
    listed = sweep.vary[key]
    if isinstance(listed, Range):
        return listed.log
    return _numbers(values) and _doubling(values)


def _doubling(values: Sequence[float]) -> bool:
    """Whether the logarithms of ascending numbers are clearly more evenly spaced."""
    if values[0] <= 0 or len(values) < 3:
        return False
    return _unevenness([math.log(value) for value in values]) * CLEARLY < _unevenness(values)


def _far_apart(values: Sequence[float]) -> bool:
    """0, 1e-4, 1e-3: logarithmic except for the first value."""
    return len(values) > 2 and values[0] <= 0 and _unevenness(values) >= FAR_APART


def _unevenness(values: Sequence[float]) -> float:
    gaps = [after - before for before, after in pairwise(values)]
    return max(gaps) / min(gaps)


def _log_metric(groups: Sequence[Group]) -> bool:
    means = [group.mean for group in groups]
    return min(means) > 0 and max(means) >= LOG_METRIC * min(means)


def _metric_title(metric: str) -> str:
    about = labels.METRICS[metric]
    return f"{about.title} ({about.unit})" if about.unit else about.title


def _numbers(values: Any) -> bool:
    """Whether these are at least two numbers, or a range."""
    if isinstance(values, Range):
        return True
    return len(values) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _labels(key: str, values: Sequence[Any]) -> list[str]:
    """The values' labels; in full if two would read alike, for an axis of words merges what has one label."""
    short = [labels.value(key, value) for value in values]
    return short if len(set(short)) == len(short) else [_name(value) for value in values]


def _name(value: Any) -> str:
    return json.dumps(value)
