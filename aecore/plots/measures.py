"""The measures of one run or several as figures: labels against accuracy, rate against distortion, ROC curves, errors
by class, and what the units of a code carry and share.

Takes ids, paths or runs, or measures that were read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from aecore.errors import UserError
from aecore.format import count, drawable
from aecore.plots.panels import Panel, line, stack
from aecore.plots.resolve import RunLike, marked_title, resolve_run
from aecore.plots.style import LEGEND_ROW, MUTED, PALETTE, PAPER, axis, color, layout
from aecore.runs.measures import Measures, read_measures
from aecore.runs.store import Run

CORRELATION = [[0, PALETTE[1]], [0.5, PAPER], [1, PALETTE[0]]]
"""From −1 over 0, which has the colour of the ground, to 1."""
SETTINGS = {"code": "bits a number", "pca": "bits a number", "pca_8_bits": "components", "jpeg": "quality",
            "webp": "quality"}  # fmt: skip
"""What the points of a rate–distortion curve differ in."""
GREY = 9
"""Of the palette's colours, what stands beside a code and belongs to the images alone."""
FORMATS = {"pca_8_bits": "PCA, 8 bits a number", "jpeg": "JPEG", "webp": "WebP"}
"""The curves that do not depend on a run, but on its images alone."""


class Measured(NamedTuple):
    """A run's measures under the name that its curves have."""

    name: str
    found: Measures

    @property
    def data(self) -> str:
        return str(self.found.about.get("data", ""))

    @property
    def units(self) -> int:
        """Numbers in its code; 0 where that was not measured."""
        return int(self.found.value("active_units", "of") or 0)


def label_efficiency(*of: Measured | RunLike) -> go.Figure:
    """How many labels a linear probe needs: accuracy with its 95 % interval by labelled images a class, in the code, in
    PCA of equal size and in pixels. Raises `UserError` where nothing of it was measured."""
    able = _with(_all(of), "linear_probe", "by_labels", ("value",))
    traces, places, several = [], {}, len(able) > 1
    for shade, (run, rows) in enumerate(able):
        traces.append(
            _probe(run.name if several else "code", rows, "value", shade) | {"error_y": _interval(rows, shade)}
        )
        places |= dict.fromkeys(_labels(row) for row in rows)
    # Runs with codes of one size on the same images are held against the same PCA, and all against the same pixels.
    for (data, units), (shade, rows) in _first(able, lambda run: (run.data, run.units)).items():
        name = f"PCA of {units}{_of_data(able, data)}" if several else "PCA of equal size"
        traces.append(_probe(name, rows, "pca", shade if several else 1, "dash"))
    of_images = _first(able, lambda run: run.data)
    for data, (shade, rows) in of_images.items():
        ink = GREY if len(of_images) == 1 else shade
        traces.append(_probe(f"pixels{_of_data(able, data)}", rows, "pixels", ink, "dot"))
    traces = [trace for trace in traces if any(value is not None for value in trace["y"])]
    look = _look(able, "Accuracy of a linear probe by number of labels", "label-efficiency", traces)
    look |= {
        "xaxis": axis("Labelled training images a class", type="category", categoryarray=list(places)),
        "yaxis": axis("Test accuracy (%)"),
        "hovermode": "x unified",
    }
    return go.Figure({"data": traces, "layout": look})


def rate_distortion(*of: Measured | RunLike) -> go.Figure:
    """Mean squared error against bytes an image: the code at fewer and fewer bits, PCA with the same bytes, PCA of
    other sizes, JPEG and WebP. Raises `UserError` where nothing of it was measured."""
    able = [(run, curves) for run in _all(of) if (curves := _curves(run.found))]
    if not able:
        raise UserError("rate and distortion were not measured")
    traces: list[dict[str, Any]] = []
    for shade, (run, curves) in enumerate(able):
        traces += (
            [_rate(run.name if len(able) > 1 else "code", curves["code"], "code", shade)] if "code" in curves else []
        )
        if len(able) == 1 and "pca" in curves:
            traces.append(_rate("PCA with the same bytes", curves["pca"], "pca", 1))
    of_images = _first(able, lambda run: run.data)
    for data, (shade, curves) in of_images.items():
        for number, (kind, words) in enumerate(FORMATS.items()):
            if kind in curves:
                name = f"{words}{_of_data(able, data)}"
                ink = GREY if len(of_images) == 1 else shade
                traces.append(_rate(name, curves[kind], kind, ink, ("dash", "dot", "dashdot")[number]))
    look = _look(able, "Error against bytes an image", "rate-distortion", traces, log=("xaxis", "yaxis"))
    look |= {
        "xaxis": axis("Bytes an image", log=True),
        "yaxis": axis("Mean squared error", log=True) | {"dtick": 1},
        "hovermode": "closest",
    }
    return go.Figure({"data": traces, "layout": look})


def roc(*of: Measured | RunLike) -> go.Figure:
    """Anomalies caught against false alarms, by reconstruction error and by distance to the nearest training code.
    Raises `UserError` where no run left classes out of training."""
    traces: list[dict[str, Any]] = []
    able, runs = [], _all(of)
    for run in runs:
        shade = len(able)
        for number, (name, words) in enumerate((("anomaly_error", "error"), ("anomaly_distance", "distance"))):
            pairs = _pairs(run.found.measures.get(name, {}).get("roc"))
            if not pairs:
                continue
            area = 100 * (run.found.value(name) or 0)
            able += [(run, pairs)] if run not in [other for other, _ in able] else []
            several = len(runs) > 1
            title = f"{run.name}, {words}" if several else f"by {words}"
            look = {
                "color": color(shade if several else number),
                "width": 2,
                "dash": ("solid", "dash")[number if several else 0],
            }
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": f"{title} ({area:.1f} %)",
                    "x": [100 * x for x, _ in pairs],
                    "y": [100 * y for _, y in pairs],
                    "line": look,
                    "hovertemplate": "%{y:.1f} % caught at %{x:.1f} % false alarms",
                }
            )
    if not able:
        raise UserError("anomalies were not measured: no class was left out of training")
    guess = {"type": "scatter", "mode": "lines", "name": "guessing (50 %)", "x": [0, 100], "y": [0, 100]}
    traces.append(guess | {"line": {"color": MUTED, "width": 1.5, "dash": "dot"}, "hoverinfo": "skip"})
    look = _look(able, "Anomalies caught against false alarms", "roc", traces)
    look |= {
        "xaxis": axis("False alarms (% of the normal images)", range=[0, 100]),
        "yaxis": axis("Caught (% of the anomalies)", range=[0, 101]),
        "hovermode": "closest",
    }
    return go.Figure({"data": traces, "layout": look})


def class_errors(*of: Measured | RunLike) -> go.Figure:
    """The mean squared error of the test images of each class, with its standard deviation over them; of several runs
    as dots. Raises `UserError` where it was not measured by class."""
    able = _with(_all(of), "reconstruction", "by_class", ("mse",))
    traces = []
    for shade, (run, rows) in enumerate(able):
        names = [drawable(str(row.get("class", ""))) for row in rows]
        spread = [float(row.get("mse_std") or 0) for row in rows]
        one = {"name": run.name, "x": names, "y": [row["mse"] for row in rows]}
        one |= {"customdata": [[row.get("images", 0), std] for row, std in zip(rows, spread, strict=True)]}
        one |= {"hovertemplate": "%{x}: %{y:.4f} ± %{customdata[1]:.4f}, %{customdata[0]:,} images"}
        if len(able) == 1:
            bars = {"type": "data", "array": spread, "visible": True, "color": MUTED, "thickness": 1, "width": 3}
            traces.append(one | {"type": "bar", "width": 0.6, "marker": {"color": color(0)}, "error_y": bars})
        else:
            traces.append(one | {"type": "scatter", "mode": "markers", "marker": {"color": color(shade), "size": 9}})
    look = _look(able, "Reconstruction error by class", "errors-by-class", traces)
    look |= {
        "xaxis": axis("Class", type="category"),
        "yaxis": axis("Mean squared error", rangemode="tozero"),
        "hovermode": "closest",
        "showlegend": len(able) > 1,
    }
    return go.Figure({"data": traces, "layout": look})


def units(*of: Measured | RunLike) -> go.Figure:
    """The units of the code by how much they vary over the test images, the most first, with the threshold above which
    one counts as active; of a VAE also the KL divergence of each from its prior, in the same order. Raises `UserError`
    where it was not measured."""
    able = []
    for run in _all(of):
        found = run.found.measures.get("active_units", {})
        variance, kl = _numbers(found.get("variance")), _numbers(found.get("kl"))
        if variance:
            order = sorted(range(len(variance)), key=lambda unit: -variance[unit])
            able.append(
                (run, [variance[i] for i in order], [kl[i] for i in order] if len(kl) == len(order) else [], order)
            )
    if not able:
        raise UserError("the units of the code were not measured")
    most = max(len(order) for *_, order in able)
    limit = float(able[0][0].found.value("active_units", "threshold") or 0.01)
    several = len(able) > 1
    spread, divergence = [], []
    for shade, (run, variance, kl, order) in enumerate(able):
        places = list(range(1, len(order) + 1))
        named = {"mode": "lines+markers", "customdata": [unit + 1 for unit in order]}
        hover = {"hovertemplate": "%{y:.4~g} (unit %{customdata})"}
        # What does not vary at all has no place on a logarithmic axis.
        shown = [value if value > 0 else None for value in variance]
        spread.append(line(run.name if several else "variance", places, shown, shade) | named | hover)
        if kl:
            name = f"{run.name}, KL" if several else "KL divergence"
            divergence.append(line(name, places, kl, shade if several else 4) | named | hover)
    spread.append(
        line(f"threshold {limit:g}", [1, max(most, 2)], [limit, limit], GREY, dash="dot") | {"hoverinfo": "skip"}
    )
    spread[-1].pop("hovertemplate")
    panels = [Panel("Variance over the test images", 200, spread, log=True)]
    if divergence:
        panels.append(Panel("KL divergence (nats)", 140, divergence))
    runs_named = [run for run, *_ in able]
    made = stack(
        panels,
        title=_titled("What each unit of the code carries", runs_named),
        alt=_alt_units(able),
        file=_file(runs_named, "units"),
        x_title="Units, the one that varies most first",
        x_name="place",
        x_range=(0.5, max(most, 2) + 0.5),
    )
    # From one end to the threshold there are many powers of ten.
    return made.update_layout(yaxis={"dtick": 1})


def unit_correlation(of: Measured | RunLike) -> go.Figure:
    """The correlation of every two units of the code over the test images as a heat map. Raises `UserError` where it
    was not measured, or the code is too wide for it."""
    (run,) = _all([of])
    rows = run.found.measures.get("unit_correlation", {}).get("matrix")
    matrix = [_numbers(row, missing=True) for row in rows] if isinstance(rows, list) else []
    if not matrix or any(len(row) != len(matrix) for row in matrix):
        raise UserError("the correlations of the code's units were not measured")
    names = [str(unit + 1) for unit in range(len(matrix))]
    cells = {
        "type": "heatmap",
        "name": "correlation",
        "x": names,
        "y": names,
        "z": matrix,
        "zmin": -1,
        "zmax": 1,
        "colorscale": CORRELATION,
        "xgap": 1 if len(matrix) <= 32 else 0,
        "ygap": 1 if len(matrix) <= 32 else 0,
        "colorbar": {
            "title": {"text": "", "side": "right"},
            "thickness": 12,
            "outlinewidth": 0,
            "tickvals": [-1, 0, 1],
        },
        "hovertemplate": "units %{y} and %{x}: %{z:.2f}<extra></extra>",
    }
    largest = run.found.value("unit_correlation", "largest")
    look = layout(
        _titled("Correlation of the units", [run]),
        f"Correlation of {count(len(matrix), 'unit')} of {run.name}; the largest of any two is {largest or 0:.2f}.",
        _file([run], "unit-correlation"),
        height=400,
        showlegend=False,
    )
    look |= {
        "xaxis": axis("Unit", type="category", showgrid=False, **_ticks(names)),
        "yaxis": axis("Unit", type="category", showgrid=False, autorange="reversed", **_ticks(names)),
        "hovermode": "closest",
    }
    return go.Figure({"data": [cells], "layout": look})


def _all(of: Sequence[Measured | RunLike]) -> list[Measured]:
    """The measures of runs that are given, or named by id or path. Raises `UserError` for one that has none."""
    return [one if isinstance(one, Measured) else _read(resolve_run(one)) for one in of]


def _read(run: Run) -> Measured:
    found = read_measures(run)
    if found is None:
        raise UserError(f"run {run.id} was not measured: measure it with `aecore measure {run.id}`")
    return Measured(marked_title(run), found)


# ---- parts ---------------------------------------------------------------------------------------


def _with(
    runs: Sequence[Measured], name: str, key: str, numbers: Sequence[str]
) -> list[tuple[Measured, list[dict[str, Any]]]]:
    """The runs that have a list of tables in a measure, with those tables that have these numbers."""
    able = [(run, rows) for run in runs if (rows := run.found.rows(name, key, numbers))]
    if not able:
        raise UserError(f"{name.replace('_', ' ')} was not measured{' by class' if key == 'by_class' else ''}")
    return able


def _first(able: Sequence[tuple[Measured, Any]], key: Any) -> dict[Any, tuple[int, Any]]:
    """By key the first run of that key: its place and what it has."""
    found: dict[Any, tuple[int, Any]] = {}
    for place, (run, rows) in enumerate(able):
        found.setdefault(key(run), (place, rows))
    return found


def _of_data(able: Sequence[tuple[Measured, Any]], data: str) -> str:
    """The images' name in brackets, where the runs have different ones."""
    return f" ({drawable(data)})" if len({run.data for run, _ in able}) > 1 else ""


def _labels(row: Mapping[str, Any]) -> str:
    return f"{row['labels']:,}" if isinstance(row.get("labels"), int) else "all"


def _probe(name: str, rows: Sequence[Mapping[str, Any]], key: str, shade: int, dash: str = "solid") -> dict[str, Any]:
    ink = color(shade)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [_labels(row) for row in rows],
        "y": [_percent(row.get(key)) for row in rows],
        "line": {"color": ink, "width": 2, "dash": dash},
        "marker": {"color": ink, "size": 6},
        "hovertemplate": "%{y:.1f} %",
    }


def _interval(rows: Sequence[Mapping[str, Any]], shade: int) -> dict[str, Any]:
    """Error bars from the lower to the upper end of the intervals, in per cent."""
    up = [100 * max(_number(row.get("high"), row["value"]) - row["value"], 0) for row in rows]
    down = [100 * max(row["value"] - _number(row.get("low"), row["value"]), 0) for row in rows]
    look = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "visible": True}
    return look | {"color": color(shade), "thickness": 1.2, "width": 4}


def _percent(value: Any) -> float | None:
    return 100 * value if _is_number(value) else None


def _curves(found: Measures) -> dict[str, list[dict[str, Any]]]:
    """The rate–distortion curves that there are, by kind."""
    curves = found.measures.get("rate_distortion", {}).get("curves")
    if not isinstance(curves, dict):
        return {}
    kept = {kind: _positive(points) for kind, points in curves.items() if kind in SETTINGS}
    return {kind: points for kind, points in kept.items() if points}


def _positive(points: Any) -> list[dict[str, Any]]:
    rows = [row for row in points if isinstance(row, dict)] if isinstance(points, list) else []
    rows = [row for row in rows if all(_is_number(row.get(key)) and row[key] > 0 for key in ("bytes", "mse"))]
    return sorted(rows, key=lambda row: row["bytes"])


def _rate(name: str, points: Sequence[Mapping[str, Any]], kind: str, shade: int, dash: str = "solid") -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [row["bytes"] for row in points],
        "y": [row["mse"] for row in points],
        "line": {"color": color(shade), "width": 2, "dash": dash},
        "marker": {"color": color(shade), "size": 6 if kind in ("code", "pca") else 4},
        "customdata": [row.get("setting", "") for row in points],
        "hovertemplate": f"%{{y:.4f}} in %{{x:,.0f}} bytes ({SETTINGS[kind]}: %{{customdata}})",
    }


def _look(
    able: Sequence[tuple[Measured, Any]], title: str, file: str, traces: Sequence[Any], log: Sequence[str] = ()
) -> dict[str, Any]:
    runs = [run for run, _ in able]
    above = 64 + LEGEND_ROW * ((len(traces) - 1) // 4)
    look = layout(
        _titled(title, runs),
        f"{title}, of {', '.join(run.name for run in runs)}.",
        _file(runs, file),
        height=260 + above,
        log=log,
        showlegend=True,
    )
    look["margin"] = {"l": 64, "r": 16, "t": above, "b": 46}
    return look


def _titled(title: str, runs: Sequence[Measured]) -> str:
    return f"{title}: {runs[0].name if len(runs) == 1 else count(len(runs), 'run')}"


def _file(runs: Sequence[Measured], name: str) -> str:
    owner = runs[0].found.about.get("run") if len(runs) == 1 else f"{len(runs)}-runs"
    return f"{owner or 'run'}-{name}"


def _alt_units(able: Sequence[tuple[Measured, list[float], list[float], list[int]]]) -> str:
    parts = []
    for run, variance, *_ in able:
        constant = sum(value <= 0 for value in variance)
        flat = f", {constant} do not vary at all" if constant else ""
        parts.append(
            f"{run.name}: {count(len(variance), 'unit')}, variance from {min(variance):.3g} to {variance[0]:.3g}{flat}"
        )
    return f"Units by variance. {'; '.join(parts)}."


def _ticks(names: Sequence[str]) -> dict[str, Any]:
    """Few enough names along an axis that they do not overlap."""
    step = max(1, -(-len(names) // 16))
    return {"tickvals": list(names[::step]), "ticktext": list(names[::step])}


def _pairs(found: Any) -> list[tuple[float, float]]:
    pairs = found if isinstance(found, list) else []
    return [
        (pair[0], pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair))
    ]


def _numbers(found: Any, missing: bool = False) -> list[Any]:
    """A list of numbers, with `missing` None for what is none; empty where it is no such list."""
    values = found if isinstance(found, list) else []
    if missing:
        return [value if _is_number(value) else None for value in values]
    return values if all(map(_is_number, values)) else []


def _number(value: Any, otherwise: float) -> float:
    return value if _is_number(value) else otherwise


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
