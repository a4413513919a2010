"""Curves that grow while they are looked at: zoom, cursor and hidden series survive every new point.

A chart of the usual libraries is mounted anew whenever its data change, and forgets them.
Drag to zoom, double-click or Escape to reset, arrow keys to read values, click a name to hide it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import streamlit.components.v2 as components


class Series(TypedDict):
    """A line: one value a point, None where there is none; `color` counts in the theme's class colours."""

    name: str
    values: Sequence[float | None]
    color: int
    step: bool


class Panel(TypedDict):
    """A plot of `height` pixels; `log` draws a base-10 logarithmic axis, on which values above 0 appear."""

    title: str
    height: int
    log: bool
    series: Sequence[Series]


_FOLDER = Path(__file__).parent
_component = components.component(
    "live_chart",
    html=(_FOLDER / "live_chart.html").read_text(),
    css=(_FOLDER / "live_chart.css").read_text(),
    js="\n".join((_FOLDER / name).read_text() for name in ("live_chart.js", "save.js")),
)


def live_chart(
    x: Sequence[float],
    panels: Sequence[Panel],
    domain: tuple[float, float],
    *,
    key: str,
    alt: str,
    x_name: str = "epoch",
) -> None:
    """Draw `panels` one above the other over the same x axis, which spans `domain` unless zoomed."""
    data: dict[str, Any] = {
        "x": list(x),
        "xName": x_name,
        "domain": list(domain),
        "panels": list(panels),
        "alt": alt,
    }
    _component(key=key, data=data, width="stretch", height="content")
