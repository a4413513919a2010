"""What being better costs as a figure: a score of several runs on one task, against their parameters or the time that
training took. Every point is named where it lies, and what costs nothing is there as a line: the corrupted images
themselves, and the best method without a network.

Takes ids, paths or runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import plotly.graph_objects as go

from aecore.config.corruption import Corruption
from aecore.errors import UserError
from aecore.format import count, drawable, duration, format_value
from aecore.metrics.baselines import TITLES, input_name
from aecore.plots.cost_labels import Mark, place_labels, spread_out
from aecore.plots.resolve import RunLike, marked_title, resolve_run
from aecore.plots.style import MUTED, axis, color, layout
from aecore.presets import presets
from aecore.runs.run import Run
from aecore.runs.summary import may_win

Against = Literal["parameters", "seconds"]
AXES: dict[str, str] = {"parameters": "Parameters", "seconds": "Training time (s)"}

TICKS: dict[str, str] = {"parameters": "~s", "seconds": ",~f"}


class Score(NamedTuple):
    title: str
    unit: str
    higher: bool
    """Whether more is better."""


SCORES = {
    "mse": Score("mean squared error", "", False),
    "psnr_db": Score("PSNR", "dB", True),
    "ssim": Score("SSIM", "", True),
    "snr_db": Score("SNR", "dB", True),
    "wrong_digit_rate": Score("share read as a wrong digit", "", False),
}
"""The scores of an evaluation that runs with models of any range share."""
GROUPS = {"report": ("the reports' runs", 0), "own": ("beyond the reports", 1), "other": ("other runs", 9)}
HEIGHT = 440
INSIDE = 0.01
"""Of the axis, from its end to the name of a line."""
SAME = 0.05
"""By so much of its mean squared error may the corrupted input of one run differ from another's: another device draws
other numbers, and their means over a test set are closer than that."""


class Scored(NamedTuple):
    """A run as a point of the figure."""

    run: Run
    name: str
    group: str
    """One of `GROUPS`."""
    score: float
    parameters: int | None
    seconds: float | None
    """Of training, on `device`."""
    device: str
    entry: dict[str, Any]
    """Of the run's evaluation."""

    @property
    def images(self) -> tuple[str, int]:
        """The image set and the number of test images."""
        return self.run.experiment().data.name, int(self.entry["n"])


def cost(
    *of: RunLike,
    metric: str = "psnr_db",
    corruption: str = "none",
    against: Against = "parameters",
    names: Sequence[str] = (),
) -> go.Figure:
    """A score of the test images under a corruption, in its written form, against `parameters` or training `seconds`.

    Runs that were not evaluated under it are left out. Raises `UserError` where none was, for an unknown score, and
    for runs whose numbers are not of the same task.
    """
    if metric not in SCORES:
        raise UserError(f"unknown score '{metric}': one of {', '.join(SCORES)}")
    runs = [resolve_run(run) for run in of]
    found = [scored(run, metric, corruption, name) for run, name in _named(runs, names)]
    points = [point for point in found if point is not None and getattr(point, against)]
    if not points:
        raise UserError(f"none of the runs has this score under {corruption}")
    for point in points[1:]:
        if not same_task(points[0], point):
            raise UserError(f"{points[0].name} and {point.name} were not measured on the same task")
    return cost_figure(points, metric, against)


def scored(run: Run, metric: str, corruption: str, name: str = "") -> Scored | None:
    """A run as a point, None where it was not evaluated under the corruption or lacks the score."""
    entry = next((each for each in run.evaluation() if each["corruption"] == corruption), None)
    value = None if entry is None else entry["metrics"].get(metric)
    if entry is None or value is None:
        return None
    status, epochs = run.status(), run.metrics()
    return Scored(
        run,
        drawable(name) or marked_title(run),
        _group(run),
        float(value),
        status.get("parameters"),
        epochs[-1].get("seconds") if epochs else None,
        str(status.get("device_name") or ""),
        entry,
    )


def same_task(one: Scored, other: Scored) -> bool:
    """Whether two runs were measured on as many images of the same set, corrupted as much: the same written noise is
    half as strong for a model whose range is twice as wide."""
    if one.images != other.images:
        return False
    first, second = (float(point.entry["noisy_input"]["mse"]) for point in (one, other))
    return abs(first - second) <= SAME * max(first, second)


def free_scores(points: Sequence[Scored], metric: str) -> list[tuple[str, float]]:
    """What is to be had without training, by name: the score of the corrupted images themselves, and that of the best
    method without a network. None of clean images, and none where no run has them."""
    found: list[tuple[str, float]] = []
    noise = Corruption.parse(str(points[0].entry["corruption"]))
    value = points[0].entry["noisy_input"].get(metric)
    if noise.active and value is not None:
        found.append((input_name(noise), float(value)))
    methods = next((known for point in points if (known := point.entry.get("classical"))), {})
    sign = 1 if SCORES[metric].higher else -1
    able = [(float(value), name) for name, one in methods.items() if (value := one["metrics"].get(metric)) is not None]
    if able:
        best, name = max(able, key=lambda pair: sign * pair[0])
        images = methods[name].get("n")
        few = f", {images:,} images" if images and images != points[0].entry["n"] else ""
        found.append((f"{TITLES.get(name, str(name)).lower()} (no network{few})", best))
    return found


def _named(runs: Sequence[Run], names: Sequence[str]) -> list[tuple[Run, str]]:
    return list(zip(runs, names, strict=True)) if names else [(run, "") for run in runs]


def _group(run: Run) -> str:
    known = presets().get(run.experiment().preset)
    if not run.shipped or known is None:
        return "other"
    return "report" if known.report else "own"


def cost_figure(points: Sequence[Scored], metric: str, against: Against) -> go.Figure:
    """The figure of runs that were measured on one task and whose cost is known, at least one."""
    what, points = SCORES[metric], sorted(points, key=lambda point: -point.score)
    free = free_scores(points, metric)
    costs = [float(getattr(point, against)) for point in points]
    across, up = spread_out(costs, [point.score for point in points] + [value for _, value in free])
    lines = [Mark(10 ** across[0], value, f"{name} {_number(value, what)}") for name, value in free]
    marks = [Mark(x, point.score, point.name) for x, point in zip(costs, points, strict=True)]
    line_sides, sides = place_labels(lines, marks, across, up)
    traces = [
        _line(mark, side, across, dash) for mark, side, dash in zip(lines, line_sides, ("dot", "dash"), strict=False)
    ]
    traces += [_point(point, mark, side, what) for point, mark, side in zip(points, marks, sides, strict=True)]
    groups = [group for group in GROUPS if any(point.group == group for point in points)]
    traces += [_key(group) for group in groups]
    data = points[0].run.image_info().title
    noise = Corruption.parse(str(points[0].entry["corruption"]))
    direction = "higher" if what.higher else "lower"
    unit = f" ({what.unit})" if what.unit else ""
    title = f"The cost of being better: {data}, {noise.label if noise.active else 'clean'}"
    look = layout(
        drawable(title),
        _alt(points, free, what, against),
        f"cost-{metric.removesuffix('_db')}-{against}",
        height=HEIGHT,
        showlegend=len(groups) > 1,
    )
    several = against == "seconds" and len({point.device for point in points}) > 1
    across_title = AXES[against] + (", on different processors" if several else "")
    look |= {
        "xaxis": axis(across_title, log=True, range=list(across)) | {"tickformat": TICKS[against]},
        "yaxis": axis(f"Test {what.title}{unit}, {direction} is better", range=list(up)),
        "hovermode": "closest",
    }
    return go.Figure({"data": traces, "layout": look})


def _point(point: Scored, mark: Mark, side: str, what: Score) -> dict[str, Any]:
    parameters = f"{count(point.parameters, 'parameter')}" if point.parameters else ""
    trained = f"{duration(point.seconds)} on {drawable(point.device) or '?'}" if point.seconds else ""
    remark = "" if may_win(point.run.status()) else "the run has remarks"
    size = point.run.status().get("code_size")
    code = f"code of {size:,}" if size else "no code"
    about = "<br>".join(part for part in (parameters, code, trained, remark) if part)
    group, shade = GROUPS[point.group]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": point.name,
        "x": [mark.x],
        "y": [mark.y],
        "text": [mark.text],
        "textposition": side,
        "textfont": {"size": 12},
        "marker": {"color": color(shade), "size": 11},
        "cliponaxis": False,
        "legendgroup": group,
        "showlegend": False,
        "hovertemplate": f"<b>{point.name}</b><br>{what.title} {_number(point.score, what)}<br>{about}<extra></extra>",
    }


def _line(mark: Mark, side: str, across: tuple[float, float], dash: str) -> dict[str, Any]:
    """A line across with its name a little inside: plotly leaves out the text of a point on the edge."""
    low, high = across
    return {
        "type": "scatter",
        "mode": "lines+markers+text",
        "name": mark.text,
        "x": [10**low, 10 ** (low + INSIDE * (high - low)), 10**high],
        "y": [mark.y] * 3,
        "text": ["", mark.text, ""],
        "textposition": side,
        "textfont": {"size": 11, "color": MUTED},
        "line": {"color": MUTED, "width": 1.5, "dash": dash},
        "marker": {"color": MUTED, "size": 4, "opacity": 0},  # only so that the name keeps its distance
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _key(group: str) -> dict[str, Any]:
    """The group's entry in the legend: its points are named where they lie."""
    name, shade = GROUPS[group]
    look = {"type": "scatter", "mode": "markers", "name": name, "x": [None], "y": [None]}
    return look | {"marker": {"color": color(shade), "size": 11}, "legendgroup": name, "hoverinfo": "skip"}


def _number(value: float, what: Score) -> str:
    return format_value(value, what.unit).replace("-", "−")


def _alt(points: Sequence[Scored], free: Sequence[tuple[str, float]], what: Score, against: Against) -> str:
    said = []
    for point in points:
        price = f"{point.parameters:,} parameters" if against == "parameters" else duration(point.seconds or 0)
        said.append(f"{point.name} {_number(point.score, what)} with {price}")
    said += [f"{name} {_number(value, what)} without training" for name, value in free]
    return f"Test {what.title}: {'; '.join(said)}."
