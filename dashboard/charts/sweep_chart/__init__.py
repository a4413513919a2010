"""The charts of a sweep: lines with their spread, a heat map, and all settings as axes side by side.

They live on while runs end: the usual libraries mount a chart anew whenever its data change. Hover, or the arrow keys,
tell a combination's mean, spread and number of seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict

import streamlit.components.v2 as components


class Axis(TypedDict):
    """A setting: for each of its values a place between 0 and 1 and a label, and what stands along the axis."""

    title: str
    numbers: bool
    places: Sequence[float]
    labels: Sequence[str]
    ticks: Sequence[tuple[float, str]]


class Goal(TypedDict):
    """The figure: what stands above the chart, its short name, which side is `better`, and whether it is drawn in its
    logarithm."""

    title: str
    name: str
    better: str
    log: bool


class Mark(TypedDict):
    """A combination: for each axis the number of its value, mean and sample standard deviation, the figure of every
    seed, what is told about it, and its rank among all, 0 the best."""

    at: Sequence[int]
    mean: float
    std: float | None
    figures: Sequence[float]
    text: str
    n: str
    rank: int


class Chart(TypedDict):
    """`lines`: the first axis runs to the right, the second one is the colour. `heat`: the second one goes down.
    `parallel`: any number of axes."""

    kind: Literal["lines", "heat", "parallel"]
    goal: Goal
    axes: Sequence[Axis]
    marks: Sequence[Mark]
    alt: str


_FOLDER = Path(__file__).parent
_SAVE_JS = _FOLDER.parent / "live_chart" / "save.js"
_SCRIPTS = (*(_FOLDER / name for name in ("chart.js", "drawing.js", "lines.js", "heat.js", "parallel.js")), _SAVE_JS)
_component = components.component(
    "sweep_chart",
    html=(_FOLDER / "chart.html").read_text(),
    css=(_FOLDER / "chart.css").read_text(),
    js="\n".join(script.read_text() for script in _SCRIPTS),
)


def sweep_chart(chart: Chart, key: str) -> None:
    """Draw the chart; with the same key it is the one before with other data."""
    _component(key=key, data=dict(chart), width="stretch", height="content")
