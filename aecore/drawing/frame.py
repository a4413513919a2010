"""What every kind of chart shares: its place on the paper, the legend, colours and sizes from the layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aecore.drawing.items import INK, MUTED, Circle, Item, Polyline, Rectangle, Text
from aecore.drawing.typeface import width_of
from aecore.drawing.values import faded, lines_of

COLORS = ("#4477AA", "#DD6A22", "#116400", "#A02E74", "#5135CE", "#92684B", "#1FA1C0", "#999667", "#8C4857", "#7C7C7D")
TICK, LABEL, LEGEND = 10.0, 11.0, 11.0
DASHES: dict[str, tuple[float, ...]] = {"dot": (2, 3), "dash": (6, 4), "dashdot": (6, 3, 2, 3)}


@dataclass(frozen=True)
class Frame:
    """A figure's layout and traces, the paper's size, and where title and legend end."""

    layout: Mapping[str, Any]
    traces: Sequence[Mapping[str, Any]]
    width: float
    height: float
    top: float


@dataclass(frozen=True)
class Entry:
    """A name in the legend with its key: a line, a dot or a box; `at` is where it starts in its row."""

    name: str
    color: str
    kind: str
    dash: tuple[float, ...]
    at: float = 0.0

    @property
    def width(self) -> float:
        return 24 + width_of(self.name, LEGEND) + 16

    def items(self, x: float, y: float) -> list[Item]:
        """Drawn with its top left corner at (x, y)."""
        left, middle = x + self.at, y + 7
        key: Item
        if self.kind == "line":
            key = Polyline([(left, middle), (left + 18, middle)], self.color, 2, dash=self.dash)
        elif self.kind == "dot":
            key = Circle(left + 9, middle, 4, self.color)
        else:
            key = Rectangle(left + 4, middle - 5, 10, 10, self.color)
        return [key, Text(left + 24, middle + 4, self.name, LEGEND, INK)]


def legend_entries(traces: Sequence[Mapping[str, Any]], layout: Mapping[str, Any]) -> list[Entry]:
    """The legend's names in order, one for each trace that asks for it; none where the figure hides it."""
    shown = layout.get("showlegend")
    named = [(i, trace) for i, trace in enumerate(traces) if trace.get("showlegend", True) and trace.get("name")]
    if shown is False or (shown is None and len(named) < 2):
        return []
    return [
        Entry(" ".join(lines_of(trace["name"])), color_in(trace, i), _key(trace), dash_of(trace)) for i, trace in named
    ]


def legend_rows(entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    """The entries in rows of at most that width."""
    rows: list[list[Entry]] = []
    at = width + 1
    for entry in entries:
        if at + entry.width - 16 > width:
            rows.append([])
            at = 0.0
        rows[-1].append(Entry(entry.name, entry.color, entry.kind, entry.dash, at))
        at += entry.width
    return rows


def color_in(trace: Mapping[str, Any], number: int) -> str:
    """The colour that stands for a trace."""
    line, marker = trace.get("line") or {}, trace.get("marker") or {}
    first = (marker, line) if "lines" not in trace.get("mode", "") else (line, marker)
    for look in first:
        if isinstance(look.get("color"), str):
            return look["color"]
    return COLORS[number % len(COLORS)]


def dash_of(trace: Mapping[str, Any]) -> tuple[float, ...]:
    return DASHES.get((trace.get("line") or {}).get("dash", "solid"), ())


def notes_of(layout: Mapping[str, Any], left: float, top: float, width: float, height: float) -> list[Item]:
    """The texts that a figure places relative to its plot area, which is the given box."""
    items: list[Item] = []
    for note in layout.get("annotations") or ():
        if note.get("xref") != "paper" or note.get("yref") != "paper":
            continue
        font = note.get("font") or {}
        size = float(font.get("size") or LABEL)
        x = left + float(note.get("x", 0)) * width + float(note.get("xshift") or 0)
        y = top + (1 - float(note.get("y", 0))) * height - float(note.get("yshift") or 0)
        lines = lines_of(note.get("text", ""))
        y += {"bottom": -3.0, "top": size, "middle": size * 0.35}.get(note.get("yanchor", "middle"), size * 0.35)
        anchor = {"left": "start", "right": "end"}.get(note.get("xanchor", "center"), "middle")
        color = faded(str(font.get("color") or MUTED), 1)
        for i, line in enumerate(reversed(lines)):
            items.append(Text(x, y - i * size * 1.2, line, size, color, anchor))  # type: ignore[arg-type]
    return items


def _key(trace: Mapping[str, Any]) -> str:
    kind = trace.get("type", "scatter")
    if kind in ("scatter", "scattergl"):
        return "line" if "lines" in trace.get("mode", "lines") else "dot"
    return "dot" if kind == "scatter3d" else "box"
