"""The tables of `benchmarks.app`: the meaning of their columns, and printing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.probing import Row


@dataclass(frozen=True)
class Column:
    """A column of a table: its unit, the field of a row, and its meaning in a line. `target` is the project's goal."""

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
    Column("visit: picture", "s", "picture", 2, "the same to the frame with the first content, as listed"),
    Column(
        "switch: heading", "s", "switch_heading", 2, "from the click in the menu to the frame with the heading", "≤ 0.3"
    ),
    Column("switch: picture", "s", "switch_picture", 2, "the same to the frame with the first content"),
)
MOVES = (
    Column("script", "ms", "script", 1, "JavaScript of the move: its handlers and callbacks before the frame"),
    Column(
        "drawn",
        "ms",
        "drawn",
        1,
        "from the move's timestamp until the script has drawn, including its wait for a frame",
    ),
    Column(
        "next frame", "ms", "shown", 1, "the same to the next animation frame, when the result is on screen", "p95 ≤ 16"
    ),
)
ASKS = (
    Column("sent", "ms", "sent", 1, "from the input's timestamp until the browser sends"),
    Column(
        "answered",
        "ms",
        "server",
        1,
        "from there to the last message before the change: server, transport, earlier messages",
    ),
    Column("picture", "ms", "shown", 1, "from the input to the next frame after the content changed", "p95 ≤ 150"),
)
DRAGS = (
    Column("frames", "a second", "fps", 1, "animation frames in which the content was redrawn", "60"),
    Column("interval", "ms", "gap", 1, "time from one such frame to the next"),
    Column(
        "script",
        "ms a frame",
        "script",
        2,
        "JavaScript of such a frame and its moves: the part that a GPU does not speed up",
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
    Column("fetched", "kB", "fetched", 1, "weights, codes and images that are fetched beside it, or were before"),
    Column("to the server", "kB", "sent", 1, "the same in the other direction"),
    Column("messages", "", "messages", 0, "messages to the browser"),
)


def shown(value: Any, digits: int) -> str:
    """`0.52 / 0.61` for median and 95th percentile, `–` if it was not measured."""
    if value is None:
        return "–"
    values = (value["median"], value["p95"]) if isinstance(value, dict) else (value,)
    return " / ".join(f"{one:,.{digits}f}" for one in values)


def print_part(console: Console, part: Part) -> None:
    """Print the table, failures, and the meaning of its columns."""
    table = Table(title=part.title, title_justify="left")
    named = any("shows" in row for row in part.rows)
    for title in ["", *(["first content"] if named else [])]:
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
