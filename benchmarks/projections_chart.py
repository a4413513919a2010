"""What `benchmarks.projections` measured as a chart: seconds against points, both logarithmic, 2D beside 3D."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aecore.drawing import beside, chart, noted, write
from aecore.drawing.frame import COLORS
from aecore.errors import UserError, nearest

WIDTH, HEIGHT = 430.0, 400
FORMATS = {".svg": "svg", ".pdf": "pdf", ".png": "png"}


def draw(found: Mapping[str, Any], titles: Mapping[str, str], file: Path) -> None:
    """Write the chart of results in the form of `--json` as .svg, .pdf or .png. Raises `UserError` for another ending,
    and where nothing was measured; `OSError` where the file cannot be written."""
    if file.suffix.lower() not in FORMATS:
        raise UserError(f"{file.name}: {nearest(file.suffix, FORMATS)}")
    results = [one for one in found["results"] if "failed" not in one]
    if not results:
        raise UserError("there are no results to draw")
    panels = [chart(_panel(results, dims, titles), WIDTH) for dims in sorted({one["dims"] for one in results})]
    note = f"Codes of {found['run']}; {found['machine']}"
    file.write_bytes(write(noted(beside(panels, "Projections"), [note]), FORMATS[file.suffix.lower()]))


def _panel(results: Sequence[Mapping[str, Any]], dims: int, titles: Mapping[str, str]) -> dict[str, Any]:
    """A plotly figure of one number of dimensions, a line for each method; a method has one colour in all of them."""
    methods = [name for name in titles if any(one["method"] == name for one in results)]
    traces = []
    for name in methods:
        here = sorted(
            (one["points"], one["seconds"]) for one in results if (one["method"], one["dims"]) == (name, dims)
        )
        if here:
            color = COLORS[methods.index(name) % len(COLORS)]
            x, y = zip(*here, strict=True)
            look = {"line": {"color": color, "width": 2}, "marker": {"color": color, "size": 7}}
            traces.append({"type": "scatter", "mode": "lines+markers", "name": titles[name], "x": x, "y": y, **look})
    axis = {"type": "log", "dtick": "D2"}
    ranges = {of: _range([one[of] for one in results]) for of in ("points", "seconds")}  # the same in both panels
    return {
        "data": traces,
        "layout": {
            "title": f"{dims}D",
            "height": HEIGHT,
            "xaxis": axis | {"title": "points", "range": ranges["points"]},
            "yaxis": axis | {"title": "seconds", "range": ranges["seconds"]},
        },
    }


def _range(values: Sequence[float]) -> list[float]:
    """The ends of a logarithmic axis with room around these values."""
    low, high = math.log10(min(values)), math.log10(max(values))
    room = 0.05 * (high - low) or 0.3
    return [low - room, high + room]
