"""Charts with an x and a y axis, or several of them in one figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aecore.drawing.frame import LABEL, TICK, Frame, notes_of
from aecore.drawing.heat import colorbar, heat
from aecore.drawing.items import MUTED, RULE, Clip, Item, Polyline, Text
from aecore.drawing.marks import Place, bars, box, box_ends, scatter
from aecore.drawing.scales import Scale, Tick, scale_of, ticks_of
from aecore.drawing.typeface import width_of, wrapped
from aecore.drawing.values import lines_of, numbers_of, values_of

MARKS: dict[str, Callable[[Mapping[str, Any], Place, int], list[Item]]] = {
    "scatter": scatter,
    "scattergl": scatter,
    "bar": bars,
    "box": box,
    "heatmap": heat,
}
"""How a trace of each kind is drawn in its place."""
ROW = TICK * 1.2


@dataclass(frozen=True)
class _Axis:
    """An axis of the layout, with its scale and ticks."""

    look: Mapping[str, Any]
    scale: Scale
    ticks: Sequence[Tick]

    @property
    def title(self) -> list[str]:
        title = self.look.get("title") or ""
        return lines_of(title.get("text") or "" if isinstance(title, Mapping) else title)

    @property
    def domain(self) -> tuple[float, float]:
        low, high = self.look.get("domain") or (0.0, 1.0)
        return float(low), float(high)


def draw(frame: Frame) -> list[Item]:
    """All plots of a figure with their axes, in the frame below title and legend."""
    pairs = list(dict.fromkeys((str(t.get("xaxis") or "x"), str(t.get("yaxis") or "y")) for t in frame.traces))
    rough = frame.height - frame.top
    axes = {name: _axis(frame, name, pairs, frame.width if name[0] == "x" else rough) for p in pairs for name in p}
    bar = next((trace for trace in frame.traces if trace.get("type") == "heatmap"), None)
    left, right = _left(frame, axes), frame.width - 16 - (90 if bar else 0)
    below = max(_below(axis, (right - left) / max(len(axis.ticks), 1)) for name, axis in axes.items() if name[0] == "x")
    bottom = frame.height - below - 8
    items: list[Item] = []
    for x_name, y_name in pairs:
        x, y = axes[x_name], axes[y_name]
        place = _place(x, y, left, right, frame.top, bottom)
        shared = y_name != pairs[-1][1] and x_name == pairs[-1][0]  # a stack has its x labels under its last plot only
        items += _grid(place, x, y) + _labels(place, x, y, labelled=not shared)
        inside = [
            item
            for i, trace in enumerate(frame.traces)
            if (str(trace.get("xaxis") or "x"), str(trace.get("yaxis") or "y")) == (x_name, y_name)
            for item in MARKS[trace.get("type", "scatter")](trace, place, i)
        ]
        items.append(Clip(place.left - 4, place.top - 4, place.width + 8, place.height + 8, inside))
    if bar is not None:
        items += colorbar(bar, right + 18, frame.top, bottom - frame.top)
    return items + notes_of(frame.layout, left, frame.top, right - left, bottom - frame.top)


def _axis(frame: Frame, name: str, pairs: Sequence[tuple[str, str]], length: float) -> _Axis:
    letter, number = name[0], name[1:]
    look = frame.layout.get(f"{letter}axis{number}") or {}
    traces = [trace for trace in frame.traces if str(trace.get(f"{letter}axis") or letter) == name]
    data: list[Any] = []
    ends: list[float] = []
    for trace in traces:
        data += values_of(trace.get(letter))
        if trace.get("type") == "bar":
            ends += [0.0] if letter == "y" or look.get("type") == "category" else _bar_ends(trace)
        if trace.get("type") == "box" and letter == "y":
            ends += box_ends(trace)
        if letter == "y" and (trace.get("error_y") or {}).get("visible"):
            bars = trace["error_y"]
            above = numbers_of(bars.get("array"))
            below = numbers_of(bars.get("arrayminus")) if bars.get("symmetric") is False else above
            middle = numbers_of(trace.get("y"))
            ends += [*(middle - below), *(middle + above)]
    # As on the page: lines run from edge to edge, and marks have room around them.
    is_line = letter == "x" and all(t.get("type", "scatter") == "scatter" and t.get("mode") == "lines" for t in traces)
    scale = scale_of(look, data, ends=ends, **({"padding": 0.0} if is_line else {}))
    low, high = look.get("domain") or (0.0, 1.0)
    room = length * (float(high) - float(low))
    fits = max(2, int(room / (70 if letter == "x" else 38)))
    return _Axis(look, scale, ticks_of(look, scale, fits))


def _bar_ends(trace: Mapping[str, Any]) -> list[float]:
    x, width = numbers_of(trace.get("x")), float(trace.get("width") or 0)
    return [*(x - width / 2), *(x + width / 2)]


def _left(frame: Frame, axes: Mapping[str, _Axis]) -> float:
    """Where the plots begin: after the labels and title of their y axes."""
    first = [axis for name, axis in axes.items() if name[0] == "y"]
    labels = max((width_of(line, TICK) for axis in first for t in axis.ticks for line in lines_of(t.text)), default=0)
    titled = any(any(axis.title) for axis in first)
    return max(labels + 10 + (LABEL * 1.6 if titled else 0) + 10, 30.0)


def _below(axis: _Axis, room: float) -> float:
    rows = max((len(_tick_lines(tick, room)) for tick in axis.ticks), default=1)
    return 6 + rows * ROW + (LABEL * 1.6 if any(axis.title) else 0)


def _tick_lines(tick: Tick, room: float) -> list[str]:
    return [part for line in lines_of(tick.text) for part in wrapped(line, TICK, max(room - 4, 24), most=3)]


def _place(x: _Axis, y: _Axis, left: float, right: float, top: float, bottom: float) -> Place:
    (x0, x1), (y0, y1) = x.domain, y.domain
    width, height = right - left, bottom - top
    return Place(left + x0 * width, top + (1 - y1) * height, (x1 - x0) * width, (y1 - y0) * height, x.scale, y.scale)


def _grid(place: Place, x: _Axis, y: _Axis) -> list[Item]:
    items: list[Item] = []
    right, bottom = place.left + place.width, place.top + place.height
    if x.look.get("showgrid", True):
        color = str(x.look.get("gridcolor") or RULE)
        items += [Polyline([(place.x(t.value), place.top), (place.x(t.value), bottom)], color, 0.75) for t in x.ticks]
    if y.look.get("showgrid", True):
        color = str(y.look.get("gridcolor") or RULE)
        items += [Polyline([(place.left, place.y(t.value)), (right, place.y(t.value))], color, 0.75) for t in y.ticks]
    return items


def _labels(place: Place, x: _Axis, y: _Axis, *, labelled: bool) -> list[Item]:
    """The ticks' texts and the titles of both axes."""
    items: list[Item] = []
    for tick in y.ticks:
        lines = lines_of(tick.text)
        for i, line in enumerate(lines):
            base = place.y(tick.value) + TICK * 0.35 + (i - (len(lines) - 1) / 2) * ROW
            items.append(Text(place.left - 7, base, line, TICK, MUTED, "end"))
    if any(y.title):
        middle = place.top + place.height / 2
        for i, line in enumerate(y.title):
            items.append(Text(18 + i * LABEL * 1.2, middle, line, LABEL, MUTED, "middle", turned=True))
    if not labelled:
        return items
    bottom, room = place.top + place.height, place.width / max(len(x.ticks), 1)
    for tick in x.ticks:
        for i, line in enumerate(_tick_lines(tick, room)):
            items.append(Text(place.x(tick.value), bottom + 6 + TICK + i * ROW, line, TICK, MUTED, "middle"))
    if any(x.title):
        base = bottom + _below(x, room)
        items.append(Text(place.left + place.width / 2, base, " ".join(x.title), LABEL, MUTED, "middle"))
    return items
