"""A plotly figure as a drawing, without a browser: what `aecore.plots` makes, as it looks on the page.

It knows the traces that those figures have (scatter, bar, box, heatmap, scatter3d, parcoords), linear, logarithmic and
category axes, several axes in one figure, annotations and the legend. Hover text and buttons have no place on paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aecore.drawing import cartesian, parallel, scene
from aecore.drawing.frame import Frame, legend_entries, legend_rows
from aecore.drawing.items import INK, Drawing, Item, Text
from aecore.drawing.typeface import wrapped
from aecore.drawing.values import lines_of
from aecore.errors import UserError

WIDTH = 720.0
"""Of a chart, in points; its height is the figure's own."""
TITLE = 14.0
KNOWN = {*cartesian.MARKS, "scatter3d", "parcoords"}


def chart(figure: Mapping[str, Any], width: float = WIDTH) -> Drawing:
    """The figure, in plotly's JSON form (`figure.to_plotly_json()`), as a drawing of that width.

    Raises `UserError` for a trace that cannot be drawn.
    """
    layout = figure.get("layout", {})
    traces = [trace for trace in figure.get("data", ()) if trace.get("visible", True) is True]
    for trace in traces:
        if trace.get("type", "scatter") not in KNOWN:
            raise UserError(f"a chart of kind {trace['type']} cannot be drawn without a browser: take HTML")
    title = " ".join(lines_of(_title(layout)))
    items: list[Item] = []
    y = 12.0
    for line in wrapped(title, TITLE, width - 24, True, 2) if title else []:
        items.append(Text(12, y + TITLE, line, TITLE, INK, bold=True))
        y += TITLE * 1.3
    rows = legend_rows(legend_entries(traces, layout), width - 24)
    for row in rows:
        items += [item for entry in row for item in entry.items(12, y + 4)]
        y += 18
    y += 14
    height = max(float(layout.get("height") or 450), y + 120)
    frame = Frame(layout, traces, width, height, y)
    if any(trace.get("type") == "parcoords" for trace in traces):
        items += parallel.draw(frame)
    elif any(trace.get("type") == "scatter3d" for trace in traces):
        items += scene.draw(frame)
    else:
        items += cartesian.draw(frame)
    return Drawing(width, height, items, title)


def _title(layout: Mapping[str, Any]) -> str:
    title = layout.get("title") or ""
    return str(title.get("text") or "") if isinstance(title, Mapping) else str(title)
