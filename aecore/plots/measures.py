"""The measures of one run or several as figures: labels against accuracy, rate against distortion, ROC curves, and
errors by class.

Takes ids, paths or runs, or measures that were read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from aecore.errors import UserError
from aecore.format import drawable
from aecore.plots.measured import (
    GREY,
    Measured,
    first_of,
    is_number,
    look_of,
    measured,
    number_or,
    of_data,
    pairs_of,
    with_rows,
)
from aecore.plots.resolve import RunLike
from aecore.plots.style import MUTED, axis, color
from aecore.runs.measures import Measures

SETTINGS = {"code": "bits a number", "pca": "bits a number", "pca_8_bits": "components", "jpeg": "quality",
            "webp": "quality"}  # fmt: skip
"""What the points of a rate–distortion curve differ in."""
FORMATS = {"pca_8_bits": "PCA, 8 bits a number", "jpeg": "JPEG", "webp": "WebP"}
"""The curves that do not depend on a run, but on its images alone."""


def label_efficiency(*of: Measured | RunLike) -> go.Figure:
    """How many labels a linear probe needs: accuracy with its 95 % interval by labelled images a class, in the code, in
    PCA of equal size and in pixels. Raises `UserError` where nothing of it was measured."""
    able = with_rows(measured(of), "linear_probe", "by_labels", ("value",))
    traces, places, several = [], {}, len(able) > 1
    for shade, (run, rows) in enumerate(able):
        traces.append(
            _probe(run.name if several else "code", rows, "value", shade) | {"error_y": _interval(rows, shade)}
        )
        places |= dict.fromkeys(_labels(row) for row in rows)
    # Runs with codes of one size on the same images are held against the same PCA, and all against the same pixels.
    for (data, units), (shade, rows) in first_of(able, lambda run: (run.data, run.units)).items():
        name = f"PCA of {units}{of_data(able, data)}" if several else "PCA of equal size"
        traces.append(_probe(name, rows, "pca", shade if several else 1, "dash"))
    of_images = first_of(able, lambda run: run.data)
    for data, (shade, rows) in of_images.items():
        ink = GREY if len(of_images) == 1 else shade
        traces.append(_probe(f"pixels{of_data(able, data)}", rows, "pixels", ink, "dot"))
    traces = [trace for trace in traces if any(value is not None for value in trace["y"])]
    look = look_of(able, "Accuracy of a linear probe by number of labels", "label-efficiency", traces)
    look |= {
        "xaxis": axis("Labelled training images a class", type="category", categoryarray=list(places)),
        "yaxis": axis("Test accuracy (%)"),
        "hovermode": "x unified",
    }
    return go.Figure({"data": traces, "layout": look})


def rate_distortion(*of: Measured | RunLike) -> go.Figure:
    """Mean squared error against bytes an image: the code at fewer and fewer bits, PCA with the same bytes, PCA of
    other sizes, JPEG and WebP. Raises `UserError` where nothing of it was measured."""
    able = [(run, curves) for run in measured(of) if (curves := _curves(run.found))]
    if not able:
        raise UserError("rate and distortion were not measured")
    traces: list[dict[str, Any]] = []
    for shade, (run, curves) in enumerate(able):
        traces += (
            [_rate(run.name if len(able) > 1 else "code", curves["code"], "code", shade)] if "code" in curves else []
        )
        if len(able) == 1 and "pca" in curves:
            traces.append(_rate("PCA with the same bytes", curves["pca"], "pca", 1))
    of_images = first_of(able, lambda run: run.data)
    for data, (shade, curves) in of_images.items():
        for number, (kind, words) in enumerate(FORMATS.items()):
            if kind in curves:
                name = f"{words}{of_data(able, data)}"
                ink = GREY if len(of_images) == 1 else shade
                traces.append(_rate(name, curves[kind], kind, ink, ("dash", "dot", "dashdot")[number]))
    look = look_of(able, "Error against bytes an image", "rate-distortion", traces, log=("xaxis", "yaxis"))
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
    able, runs = [], measured(of)
    for run in runs:
        shade = len(able)
        for number, (name, words) in enumerate((("anomaly_error", "error"), ("anomaly_distance", "distance"))):
            pairs = pairs_of(run.found.measures.get(name, {}).get("roc"))
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
    look = look_of(able, "Anomalies caught against false alarms", "roc", traces)
    look |= {
        "xaxis": axis("False alarms (% of the normal images)", range=[0, 100]),
        "yaxis": axis("Caught (% of the anomalies)", range=[0, 101]),
        "hovermode": "closest",
    }
    return go.Figure({"data": traces, "layout": look})


def class_errors(*of: Measured | RunLike) -> go.Figure:
    """The mean squared error of the test images of each class, with its standard deviation over them; of several runs
    as dots. Raises `UserError` where it was not measured by class."""
    able = with_rows(measured(of), "reconstruction", "by_class", ("mse",))
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
    look = look_of(able, "Reconstruction error by class", "errors-by-class", traces)
    look |= {
        "xaxis": axis("Class", type="category"),
        "yaxis": axis("Mean squared error", rangemode="tozero"),
        "hovermode": "closest",
        "showlegend": len(able) > 1,
    }
    return go.Figure({"data": traces, "layout": look})


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
    up = [100 * max(number_or(row.get("high"), row["value"]) - row["value"], 0) for row in rows]
    down = [100 * max(row["value"] - number_or(row.get("low"), row["value"]), 0) for row in rows]
    look = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "visible": True}
    return look | {"color": color(shade), "thickness": 1.2, "width": 4}


def _percent(value: Any) -> float | None:
    return 100 * value if is_number(value) else None


def _curves(found: Measures) -> dict[str, list[dict[str, Any]]]:
    """The rate–distortion curves that there are, by kind."""
    curves = found.measures.get("rate_distortion", {}).get("curves")
    if not isinstance(curves, dict):
        return {}
    kept = {kind: _positive(points) for kind, points in curves.items() if kind in SETTINGS}
    return {kind: points for kind, points in kept.items() if points}


def _positive(points: Any) -> list[dict[str, Any]]:
    rows = [row for row in points if isinstance(row, dict)] if isinstance(points, list) else []
    rows = [row for row in rows if all(is_number(row.get(key)) and row[key] > 0 for key in ("bytes", "mse"))]
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
