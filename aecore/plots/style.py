"""The style shared by all figures, in notebooks, exports and the app: palette, axes, layout.

Figures use the colours of the light theme; the app replaces them with those of the current theme. `layout.meta` has
what it needs beyond the figure itself: `title`, `alt` (for screen readers), `file` (the name to save it under) and
`log` (the axes that the log switch applies to).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PALETTE = (
    "#4477AA", "#DD6A22", "#116400", "#A02E74", "#5135CE", "#92684B", "#1FA1C0", "#999667", "#8C4857", "#7C7C7D",
)  # fmt: skip
"""The ten class colours; the first two also draw training and test loss."""
INK, MUTED, GRID, PAPER = "#1B2028", "#5A6270", "#E3E6EB", "#FFFFFF"
FONT = "Source Sans, system-ui, sans-serif"
_TITLE = {"size": 15, "color": INK}
LEGEND_ROW = 22
"""Pixels that a row of the legend takes."""
SEQUENTIAL = "Viridis"
SHADES = [[0, "#EDF2FA"], [0.35, "#A9C2E6"], [0.7, "#4A77BD"], [1, "#17356B"]]
"""From light to dark, for cells with text, which plotly draws in black or white: no shade is too close to either."""


def color(index: int, alpha: float = 1.0) -> str:
    """The palette's colour of that index, as `#RRGGBB`, or `rgba(…)` if it is translucent."""
    code = PALETTE[index % len(PALETTE)]
    if alpha >= 1:
        return code
    red, green, blue = (int(code[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def axis(title: str = "", *, log: bool = False, **more: Any) -> dict[str, Any]:
    """A cartesian axis with a title, linear or logarithmic with ticks at 1, 2 and 5."""
    look = {
        "title": {"text": title, "font": {"size": 12, "color": MUTED}, "standoff": 8},
        "gridcolor": GRID,
        "zeroline": False,
        "tickfont": {"size": 11, "color": MUTED},
        "automargin": True,
        "showline": False,
        "ticks": "",
    }
    # Powers of ten alone leave a loss that falls by less than that without a single label.
    scale = {"type": "log", "dtick": "D2", "tickformat": "~g"} if log else {"type": "linear"}
    return look | scale | more


def layout(title: str, alt: str, file: str, *, height: int, log: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """The layout of a figure, to which its axes are added."""
    return {
        "template": {},
        "height": height,
        "title": {"text": title, "x": 0, "xref": "paper", "y": 1, "yanchor": "top", "pad": {"t": 12}, "font": _TITLE},
        "font": {"family": FONT, "size": 12, "color": INK},
        "colorway": list(PALETTE),
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "margin": {"l": 56, "r": 16, "t": 56, "b": 44},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 12}},
        "hoverlabel": {"font": {"size": 12}},
        "meta": {"title": title, "alt": alt, "file": file, "log": list(log)},
        **more,
    }
