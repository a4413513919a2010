"""A sheet of images: rows with names, columns with headings, lines of text under every image, a title and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aecore.drawing.items import INK, MUTED, RULE, Drawing, Item, Picture, Rectangle, Text, color_of, pixels_of
from aecore.drawing.typeface import width_of, wrapped

TILE = 56.0
"""The size of an image on paper, in points: images of 28 pixels are enlarged by exactly 4 at two pixels per point."""
MARGIN, GAP, LEADING = 12.0, 6.0, 1.25
TITLE, NAME, SMALL = 14.0, 10.0, 8.5
WIDEST_NAME = 128.0
RAMP = np.linspace(0, 1, 64)
LONGEST_TITLE_LINES = 3


@dataclass(frozen=True, eq=False)
class SheetRow:
    """A row of images, uint8 (N, C, H, W). `captions` has the lines under each image, `strong` the numbers of those
    images whose lines are in bold, the best of their column for instance."""

    name: str
    images: np.ndarray
    captions: Sequence[Sequence[str]] = ()
    strong: frozenset[int] = frozenset()
    note: str = ""
    """A smaller line under the name."""


@dataclass(frozen=True)
class Ramp:
    """The legend of a row of maps: the colours from `low` to `high`, and what they mean."""

    low: str
    high: str
    text: str
    color: str = "#A02E74"

    def shade(self, values: np.ndarray) -> np.ndarray:
        """Values (..., H, W) from 0 to 1 as uint8 (..., 3, H, W), from white to the colour."""
        full = np.array(color_of(self.color)[:3], float)[:, None, None]
        amount = np.clip(values, 0, 1)[..., None, :, :]
        return np.rint(255 + amount * (full - 255)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Sheet:
    """Rows of images in common columns. More than `per_block` columns continue in further blocks below, each with the
    names of the rows."""

    rows: Sequence[SheetRow]
    headings: Sequence[str] = ()
    title: str = ""
    notes: Sequence[str] = ()
    ramp: Ramp | None = None
    per_block: int = 8
    tile: float = TILE
    gap: float = GAP

    def drawing(self) -> Drawing:
        columns = max((len(row.images) for row in self.rows), default=0)
        across = max(1, min(columns, self.per_block))
        images = next((row.images for row in self.rows if len(row.images)), np.zeros((1, 1, 1, 1), np.uint8))
        shape = images.shape[2:]
        wide, tall = self.tile * min(1, shape[1] / shape[0]), self.tile * min(1, shape[0] / shape[1])
        names = self._name_width()
        left = MARGIN + (names + GAP if names else 0)
        width = max(left + across * (wide + self.gap) - self.gap + MARGIN, 220.0)
        inner = width - 2 * MARGIN
        items: list[Item] = []
        y = _lines(
            items, wrapped(self.title, TITLE, inner, True, LONGEST_TITLE_LINES), MARGIN, MARGIN, TITLE, bold=True
        )
        y += GAP if self.title else 0
        for start in range(0, max(columns, 1), across):
            y = self._block(items, range(start, min(start + across, columns)), left, y, wide, tall, names)
            y += GAP
        if self.ramp:
            y = self._legend(items, self.ramp, y)
        for note in self.notes:
            y = _lines(items, wrapped(note, SMALL, inner), MARGIN, y, SMALL, MUTED)
        return Drawing(width, y + MARGIN - GAP / 2, items, self.title)

    def _name_width(self) -> float:
        widths = [width_of(row.name, NAME, True) for row in self.rows]
        widths += [width_of(row.note, SMALL) for row in self.rows]
        return min(max(widths, default=0), WIDEST_NAME)

    def _block(
        self, items: list[Item], columns: range, left: float, y: float, wide: float, tall: float, names: float
    ) -> float:
        step = wide + self.gap
        if any(self.headings):
            heads = [
                [line for part in self.headings[i].split("\n") for line in wrapped(part, SMALL, step, most=2)]
                if i < len(self.headings)
                else []
                for i in columns
            ]
            y += max(map(len, heads), default=0) * SMALL * LEADING
            for at, lines in enumerate(heads):
                for up, line in enumerate(reversed(lines)):
                    x = left + at * step + wide / 2
                    items.append(Text(x, y - 2 - up * SMALL * LEADING, line, SMALL, MUTED, "middle"))
            y += 2
        for row in self.rows:
            self._name(items, row, y, tall, names)
            below = y + tall
            for at, i in enumerate(columns):
                if i >= len(row.images):
                    continue
                x = left + at * step
                heading = self.headings[i] if i < len(self.headings) else ""
                alt = ", ".join(part for part in (heading.replace("\n", " "), row.name) if part)
                items.append(Picture(x, y, wide, tall, pixels_of(row.images[i]), alt))
                items.append(Rectangle(x - 0.25, y - 0.25, wide + 0.5, tall + 0.5, stroke=RULE, line=0.5))
                if i < len(row.captions):
                    strong = i in row.strong
                    lines = [part for line in row.captions[i] for part in wrapped(line, SMALL, step, strong, 2)]
                    middle = x + wide / 2
                    color = INK if strong else MUTED
                    end = _lines(items, lines, middle, y + tall + 1, SMALL, color, bold=strong, anchor="middle")
                    below = max(below, end)
            y = below + self.gap
        return y

    def _name(self, items: list[Item], row: SheetRow, y: float, tall: float, names: float) -> None:
        lines = wrapped(row.name, NAME, names, True, max(1, int((tall - SMALL) / (NAME * LEADING)))) if row.name else []
        notes = wrapped(row.note, SMALL, names, most=2) if row.note else []
        height = len(lines) * NAME * LEADING + len(notes) * SMALL * LEADING
        top = y + max(0, (tall - height) / 2)
        top = _lines(items, lines, MARGIN, top, NAME, bold=True)
        _lines(items, notes, MARGIN, top, SMALL, MUTED)

    def _legend(self, items: list[Item], ramp: Ramp, y: float) -> float:
        base = y + SMALL
        items.append(Text(MARGIN, base, ramp.low, SMALL, MUTED))
        x = MARGIN + width_of(ramp.low, SMALL) + 4
        shades = np.moveaxis(ramp.shade(RAMP[None, :]), 0, -1)
        items.append(Picture(x, y + 0.5, 96, SMALL, np.repeat(shades, 4, axis=0)))
        items.append(Rectangle(x, y + 0.5, 96, SMALL, stroke=RULE, line=0.5))
        items.append(Text(x + 100, base, f"{ramp.high}   {ramp.text}", SMALL, MUTED))
        return y + SMALL * LEADING + 3


def noted(drawing: Drawing, notes: Sequence[str]) -> Drawing:
    """The drawing with notes below it."""
    items, y = list(drawing.items), drawing.height
    for note in notes:
        y = _lines(items, wrapped(note, SMALL, drawing.width - 2 * MARGIN), MARGIN, y, SMALL, MUTED)
    return Drawing(drawing.width, y + MARGIN, items, drawing.title)


def _lines(
    items: list[Item],
    lines: Sequence[str],
    x: float,
    y: float,
    size: float,
    color: str = INK,
    *,
    bold: bool = False,
    anchor: str = "start",
) -> float:
    """Add lines of text from `y` down; returns where they end."""
    for line in lines:
        if line:
            items.append(Text(x, y + size, line, size, color, anchor, bold))  # type: ignore[arg-type]
            y += size * LEADING
    return y
