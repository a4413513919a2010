"""A drawing as a display list: what is drawn where, in points, later items over earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from aecore.errors import UserError

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

INK, MUTED, RULE, PAPER = "#1B2028", "#5A6270", "#D5D9E0", "#FFFFFF"


@dataclass(frozen=True)
class Text:
    """One line of text; `y` is its baseline. `turned` text reads upwards."""

    x: float
    y: float
    text: str
    size: float = 9.0
    color: str = INK
    anchor: Anchor = "start"
    bold: bool = False
    turned: bool = False


@dataclass(frozen=True)
class Polyline:
    """Connected points as a line, as a filled area, or both; `dash` are lengths of strokes and gaps."""

    points: Sequence[Point]
    stroke: str = ""
    width: float = 1.0
    fill: str = ""
    closed: bool = False
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Rectangle:
    x: float
    y: float
    width: float
    height: float
    fill: str = ""
    stroke: str = ""
    line: float = 1.0


@dataclass(frozen=True)
class Circle:
    x: float
    y: float
    radius: float
    fill: str


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels, uint8 (H, W) or (H, W, 3), in a box with sharp edges between them: no writer smooths them."""

    x: float
    y: float
    width: float
    height: float
    pixels: np.ndarray
    alt: str = ""


@dataclass(frozen=True)
class Clip:
    """Items of which only what lies in the box is drawn."""

    x: float
    y: float
    width: float
    height: float
    items: Sequence[Item]


Item = Text | Polyline | Rectangle | Circle | Picture | Clip


@dataclass(frozen=True)
class Drawing:
    """Items on white paper of a size in points, with a title that the files carry."""

    width: float
    height: float
    items: Sequence[Item]
    title: str = ""

    def moved(self, x: float, y: float) -> list[Item]:
        """Its items, moved."""
        return [_moved(item, x, y) for item in self.items]


def beside(drawings: Sequence[Drawing], title: str = "", gap: float = 12.0) -> Drawing:
    """Drawings in a row, aligned at the top."""
    items: list[Item] = []
    at = 0.0
    for drawing in drawings:
        items += drawing.moved(at, 0)
        at += drawing.width + gap
    height = max((drawing.height for drawing in drawings), default=0)
    return Drawing(max(at - gap, 1), max(height, 1), items, title or "; ".join(d.title for d in drawings if d.title))


def stacked(drawings: Sequence[Drawing], title: str = "", gap: float = 12.0) -> Drawing:
    """Drawings one below the other, aligned at the left."""
    items: list[Item] = []
    at = 0.0
    for drawing in drawings:
        items += drawing.moved(0, at)
        at += drawing.height + gap
    width = max((drawing.width for drawing in drawings), default=0)
    return Drawing(max(width, 1), max(at - gap, 1), items, title or "; ".join(d.title for d in drawings if d.title))


def color_of(code: str) -> tuple[int, int, int, float]:
    """Red, green and blue from 0 to 255 and opacity from 0 to 1 of `#RRGGBB`, `rgb(…)` or `rgba(…)`.

    Raises `UserError` for anything else.
    """
    try:
        if code.startswith("#") and len(code) == 7:
            return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16), 1.0
        if code.startswith("rgb"):
            parts = [float(part) for part in code.partition("(")[2].rstrip(")").split(",")]
            red, green, blue, opacity = [*parts, 1.0][:4]
            return round(red), round(green), round(blue), opacity
    except ValueError:
        pass
    raise UserError(f"'{code}' is no colour that can be drawn: write it as #RRGGBB or rgba(…)")


def pixels_of(image: np.ndarray) -> np.ndarray:
    """An image uint8 (C, H, W) with one or three channels as the pixels of a `Picture`; of other numbers of channels
    the first."""
    return np.moveaxis(image, 0, -1) if image.shape[0] == 3 else image[0]


def _moved(item: Item, x: float, y: float) -> Item:
    if isinstance(item, Polyline):
        return replace(item, points=[(px + x, py + y) for px, py in item.points])
    if isinstance(item, Clip):
        return replace(item, x=item.x + x, y=item.y + y, items=[_moved(inner, x, y) for inner in item.items])
    return replace(item, x=item.x + x, y=item.y + y)
