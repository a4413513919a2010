"""The marks of charts with an x and a y axis: lines, dots, bars, boxes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aecore.drawing.frame import LABEL, color_in, dash_of
from aecore.drawing.items import INK, Circle, Item, Point, Polyline, Rectangle, Text
from aecore.drawing.scales import Scale
from aecore.drawing.values import faded, lines_of, numbers_of, values_of

BOX_SHARE = 0.5
"""Of the distance between two categories, the width of a box."""
WHISKER = 1.5
"""In interquartile ranges: values farther from the box are dots."""


@dataclass
class Place:
    """A plot's box on the paper and the scales of its axes."""

    left: float
    top: float
    width: float
    height: float
    across: Scale
    up: Scale
    before: list[Point] = field(default_factory=list)
    """The points of the trace before, up to which a later one may be filled."""

    def x(self, value: Any) -> float:
        return self.left + self.across.share(value) * self.width

    def y(self, value: Any) -> float:
        return self.top + (1 - self.up.share(value)) * self.height


def scatter(trace: Mapping[str, Any], place: Place, number: int) -> list[Item]:
    """Lines, dots, texts or several of them, with error bars and with an area down to the trace before."""
    mode, color = trace.get("mode", "lines"), color_in(trace, number)
    x, y = values_of(trace.get("x")), values_of(trace.get("y"))
    x = x or list(range(len(y)))
    points = [(place.x(at), place.y(value)) for at, value in zip(x, y, strict=True)]
    line, items = trace.get("line") or {}, []
    if trace.get("fill") == "tonexty" and place.before:
        area = [point for point in [*points, *reversed(place.before)] if _is_finite(point)]
        items.append(Polyline(area, fill=str(trace.get("fillcolor") or faded(color, 0.2)), closed=True))
    place.before = points
    width = float(line.get("width", 2))
    if "lines" in mode and width > 0:
        for part in _unbroken(points):
            shaped = _steps(part) if line.get("shape") == "hv" else part
            items.append(Polyline(shaped, str(line.get("color") or color), width, dash=dash_of(trace)))
    items += _error_bars(trace, place, x, y, color)
    if "markers" in mode:
        items += _dots(trace, points, color)
    if "text" in mode:
        items += _names(trace, points)
    return items


def _names(trace: Mapping[str, Any], points: Sequence[Point]) -> list[Item]:
    """The texts at the points, on the side that `textposition` says."""
    font = trace.get("textfont") or {}
    size, ink = float(font.get("size") or LABEL), str(font.get("color") or INK)
    near = float((trace.get("marker") or {}).get("size", 6)) / 2 + 3 if "markers" in trace.get("mode", "") else 0
    vertical, horizontal = str(trace.get("textposition") or "middle center").split()
    anchor = {"left": "end", "right": "start"}.get(horizontal, "middle")
    across = {"left": -near, "right": near}.get(horizontal, 0.0) * (1 if vertical == "middle" else 0.5)
    down = {"top": -near - 3, "bottom": near + size * 0.8}.get(vertical, size * 0.35)
    return [
        Text(x + across, y + down, " ".join(lines_of(text)), size, ink, anchor)  # type: ignore[arg-type]
        for (x, y), text in zip(points, values_of(trace.get("text")), strict=False)
        if text and _is_finite((x, y))
    ]


def _dots(trace: Mapping[str, Any], points: Sequence[Point], color: str) -> list[Item]:
    marker = trace.get("marker") or {}
    radius, opacity = float(marker.get("size", 6)) / 2, float(marker.get("opacity", 1))
    own = marker.get("color")
    fill = faded(own if isinstance(own, str) else color, opacity)
    return [Circle(x, y, radius, fill) for x, y in points if _is_finite((x, y))]


def _error_bars(trace: Mapping[str, Any], place: Place, x: Sequence[Any], y: Sequence[Any], color: str) -> list[Item]:
    bars = trace.get("error_y") or {}
    if not bars.get("visible", bool(bars)):
        return []
    items: list[Item] = []
    stroke, width = str(bars.get("color") or color), float(bars.get("thickness", 1))
    above = values_of(bars.get("array"))
    below = values_of(bars.get("arrayminus")) if bars.get("symmetric") is False else above
    for at, value, up, down in zip(x, y, above, below, strict=True):
        if value is None or not (up or down):
            continue
        middle, low, high = place.x(at), place.y(value - down), place.y(value + up)
        low = place.top + place.height if math.isnan(low) else low  # below 0 on a logarithmic axis
        items.append(Polyline([(middle, low), (middle, high)], stroke, width))
        items += [Polyline([(middle - 4, end), (middle + 4, end)], stroke, width) for end in (low, high)]
    return items


def bars(trace: Mapping[str, Any], place: Place, number: int) -> list[Item]:
    """Bars from 0, with error bars; plotly's `width` is in units of the x axis."""
    color = faded(color_in(trace, number), float((trace.get("marker") or {}).get("opacity", 1)))
    half = float(trace.get("width") or 0.8) / 2
    items: list[Item] = []
    floor = place.y(0) if place.up.kind != "log" else place.top + place.height
    for at, value in zip(values_of(trace.get("x")), values_of(trace.get("y")), strict=True):
        if value is None:
            continue
        if place.across.kind == "category":
            each = place.width / max(len(place.across.categories), 1)
            left, right = place.x(at) - half * each, place.x(at) + half * each
        else:
            left, right = place.x(at - half), place.x(at + half)
        top = place.y(value)
        items.append(Rectangle(left, min(top, floor), right - left, abs(floor - top), color))
    return items + _error_bars(trace, place, values_of(trace.get("x")), values_of(trace.get("y")), color)


def box(trace: Mapping[str, Any], place: Place, number: int) -> list[Item]:
    """A box from the first to the third quartile with the median, whiskers, and the values beyond them as dots."""
    values = numbers_of(trace.get("y"))
    values = np.sort(values[np.isfinite(values)])
    if not len(values):
        return []
    color, width = color_in(trace, number), float((trace.get("line") or {}).get("width", 2))
    name = (values_of(trace.get("x")) or [trace.get("name", "")])[0]
    first, median, third, low, high = _five(values)
    each = place.width / max(len(place.across.categories), 1)
    middle, half = place.x(name), BOX_SHARE * each / 2
    top, bottom = place.y(third), place.y(first)
    items: list[Item] = [
        Rectangle(middle - half, top, 2 * half, bottom - top, faded(color, 0.5), color, width),
        Polyline([(middle - half, place.y(median)), (middle + half, place.y(median))], color, width),
    ]
    for end, start in ((low, bottom), (high, top)):
        at = place.y(end)
        items.append(Polyline([(middle, start), (middle, at)], color, width))
        items.append(Polyline([(middle - half / 2, at), (middle + half / 2, at)], color, width))
    radius = float((trace.get("marker") or {}).get("size", 6)) / 2
    beyond = values[(values < low) | (values > high)]
    return items + [Circle(middle, place.y(value), radius, color) for value in beyond.tolist()]


def box_ends(trace: Mapping[str, Any]) -> list[float]:
    values = numbers_of(trace.get("y"))
    values = values[np.isfinite(values)]
    return [float(values.min()), float(values.max())] if len(values) else []


def _five(values: np.ndarray) -> tuple[float, float, float, float, float]:
    """Quartiles as plotly computes them (Hazen's), and the ends of the whiskers, of sorted values."""
    first, median, third = np.quantile(values, (0.25, 0.5, 0.75), method="hazen").tolist()
    reach = WHISKER * (third - first)
    inside = values[(values >= first - reach) & (values <= third + reach)]
    return first, median, third, min(float(inside[0]), first), max(float(inside[-1]), third)


def _unbroken(points: Sequence[Point]) -> list[list[Point]]:
    """The line's parts between missing values."""
    parts: list[list[Point]] = [[]]
    for point in points:
        if _is_finite(point):
            parts[-1].append(point)
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if len(part) > 1]


def _steps(points: Sequence[Point]) -> list[Point]:
    """Horizontal, then vertical, from point to point."""
    made = [points[0]]
    for x, y in points[1:]:
        made += [(x, made[-1][1]), (x, y)]
    return made


def _is_finite(point: Point) -> bool:
    return math.isfinite(point[0]) and math.isfinite(point[1])
