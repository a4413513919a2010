"""Names beside points so that none lies on another: a side for each, chosen for a narrow plot, because on a wider one
what is apart stays apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from aecore.drawing.typeface import width_of

WIDTH, HEIGHT = 300.0, 330.0
"""Of the plot that sides are chosen for, in pixels: a phone's."""
SIZE, NEAR = 12.0, 9.0
"""Of the text, and from a point's centre to its text."""
SIDES = (
    "middle right", "middle left", "top center", "bottom center",
    "top right", "top left", "bottom right", "bottom left",
)  # fmt: skip
LEAST_DECADES = 1.0
BESIDE, ABOVE = 0.28, 0.14
"""Of the span of the data, the room beside it for names, and above and below."""

Ends = tuple[float, float]


class Mark(NamedTuple):
    """A point with its name; `x` lies on a logarithmic axis."""

    x: float
    y: float
    text: str


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def spread_out(x: Sequence[float], y: Sequence[float]) -> tuple[Ends, Ends]:
    """Ends of the axes with room for names: of the logarithmic one across as powers of ten, of the one upwards."""
    low, high = math.log10(min(x)), math.log10(max(x))
    wanted = max(high - low, LEAST_DECADES)
    middle, half = (low + high) / 2, wanted / 2 + BESIDE * wanted
    least, most = min(y), max(y)
    room = ABOVE * ((most - least) or abs(most) or 1.0)
    floor = least - room
    return (middle - half, middle + half), (0.0 if least >= 0 > floor else floor, most + room)


def place_labels(lines: Sequence[Mark], points: Sequence[Mark], across: Ends, up: Ends) -> tuple[list[str], list[str]]:
    """Plotly's `textposition` for each of the names at the left ends of lines, and for each of those of points."""
    taken: list[_Box] = []
    places = [_pixel(point, across, up) for point in points]
    dots = [_Box(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    of_lines, of_points = [], []
    for mark in lines:
        at = _pixel(mark, across, up)
        of_lines.append(_choose(mark, at, ("top right", "bottom right"), taken, dots))
    for number, mark in enumerate(points):
        others = dots[:number] + dots[number + 1 :]
        of_points.append(_choose(mark, places[number], SIDES, taken, others))
    return of_lines, of_points


def _choose(mark: Mark, at: tuple[float, float], sides: Sequence[str], taken: list[_Box], dots: list[_Box]) -> str:
    """The first side where the name lies on nothing, else that where it lies on least; its box is then taken."""

    def badness(side: str) -> float:
        box = _box(mark.text, at, side)
        outside = max(0.0, -box.left) + max(0.0, box.right - WIDTH)
        return sum(1000.0 for other in (*taken, *dots) if box.meets(other)) + outside

    best = min(sides, key=badness)
    taken.append(_box(mark.text, at, best))
    return best


def _box(text: str, at: tuple[float, float], side: str) -> _Box:
    vertical, horizontal = side.split()
    width = width_of(text, SIZE)
    left = at[0] + {"left": -NEAR - width, "center": -width / 2, "right": NEAR}[horizontal]
    top = at[1] + {"top": -NEAR - SIZE, "middle": -SIZE / 2, "bottom": NEAR}[vertical]
    return _Box(left, top, left + width, top + SIZE)


def _pixel(mark: Mark, across: Ends, up: Ends) -> tuple[float, float]:
    x = (math.log10(mark.x) - across[0]) / (across[1] - across[0]) * WIDTH
    return x, (1 - (mark.y - up[0]) / (up[1] - up[0])) * HEIGHT
