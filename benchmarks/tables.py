"""The tables of `benchmarks.app`: what their columns mean, and how they are printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.probing import Row


@dataclass(frozen=True)
class Column:
    """A column of a table: its unit, the field of a row, and in one line what it means. `target` is the project's."""

    title: str
    unit: str
    field: str
    digits: int
    meaning: str
    target: str = ""


@dataclass(frozen=True)
class Part:
    """A table: its title, columns and rows."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: list[Row]
    notes: list[str] = field(default_factory=list)


PAGES = (
    Column(
        "visit: heading", "s", "heading", 2, "a first visit, from the navigation to the frame with the heading", "≤ 1"
    ),
    Column("visit: picture", "s", "picture", 2, "the same to the frame with the first picture, named beside it"),
    Column(
        "switch: heading", "s", "switch_heading", 2, "from the press in the menu to the frame with the heading", "≤ 0.3"
    ),
    Column("switch: picture", "s", "switch_picture", 2, "the same to the frame with the first picture"),
)
MOVES = (
    Column("script", "ms", "script", 1, "JavaScript of the move: its handlers and what is called before the frame"),
    Column(
        "drawn",
        "ms",
        "drawn",
        1,
        "from the move's time stamp until the script has drawn, its wait for a frame included",
    ),
    Column("next frame", "ms", "shown", 1, "the same to the next animation frame: the picture is out", "p95 ≤ 16"),
)
ASKS = (
    Column("sent", "ms", "sent", 1, "from the touch's time stamp until the browser sends"),
    Column(
        "answered",
        "ms",
        "server",
        1,
        "from there to the last message before the picture: the server, the way, earlier messages",
    ),
    Column("picture", "ms", "shown", 1, "from the touch to the next frame after the picture changed", "p95 ≤ 150"),
)
DRAGS = (
    Column("frames", "a second", "fps", 1, "animation frames in which the picture was drawn anew", "60"),
    Column("apart", "ms", "gap", 1, "time from one such frame to the next"),
    Column(
        "script",
        "ms a frame",
        "script",
        2,
        "JavaScript of such a frame and of its moves: what a GPU does not take over",
    ),
)
WIRE = (
    Column(
        "to the browser",
        "kB",
        "received",
        1,
        "payloads of the WebSocket's messages, 1 kB = 1,000 bytes; not the app's own files",
    ),
    Column("to the server", "kB", "sent", 1, "the same the other way"),
    Column("messages", "", "messages", 0, "messages to the browser"),
)


def shown(value: Any, digits: int) -> str:
    """`0.52 / 0.61` for median and 95th percentile, `–` for what is not measured."""
    if value is None:
        return "–"
    values = (value["median"], value["p95"]) if isinstance(value, dict) else (value,)
    return " / ".join(f"{one:,.{digits}f}" for one in values)


def print_part(console: Console, part: Part) -> None:
    """The table, what failed and why, and what its columns mean."""
    table = Table(title=part.title, title_justify="left")
    named = any("shows" in row for row in part.rows)
    for title in ["", *(["first picture"] if named else [])]:
        table.add_column(title, no_wrap=True)
    for column in part.columns:
        heading = "\n".join(filter(None, (column.title, column.unit, column.target and f"target {column.target}")))
        table.add_column(heading, justify="right", no_wrap=True)
    for row in part.rows:
        cells = [shown(row.get(column.field), column.digits) for column in part.columns]
        table.add_row(row["name"], *([row.get("shows", "–")] if named else []), *cells)
    console.print(table)
    for row in part.rows:
        if "error" in row:
            console.print(f"Not measured, {row['name']}: {row['error']}", markup=False, highlight=False, style="red")
    for line in [*(f"{column.title}: {column.meaning}" for column in part.columns), *part.notes]:
        console.print(line, markup=False, highlight=False, style="dim")
    console.print()
