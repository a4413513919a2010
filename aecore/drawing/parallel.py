"""Parallel coordinates: one vertical axis per setting, one line per combination."""

from __future__ import annotations

from aecore.drawing.frame import LABEL, TICK, Frame
from aecore.drawing.items import INK, MUTED, Item, Polyline, Rectangle, Text
from aecore.drawing.scales import scale_of, ticks_of
from aecore.drawing.typeface import width_of, wrapped
from aecore.drawing.values import hex_of, lines_of, numbers_of, shade, shades


def draw(frame: Frame) -> list[Item]:
    """The axes of the figure's trace, and a line through each combination's values in the colour of its last one."""
    trace = next(trace for trace in frame.traces if trace.get("type") == "parcoords")
    dimensions = [one for one in trace.get("dimensions") or () if one.get("visible", True)]
    left, right, top, bottom = 70.0, frame.width - 70, frame.top + 34, frame.height - 24
    step = (right - left) / max(len(dimensions) - 1, 1)
    values = [numbers_of(one.get("values")) for one in dimensions]
    scales = [
        scale_of({"type": "linear", "range": one.get("range") or _span(own)}, own.tolist())
        for one, own in zip(dimensions, values, strict=True)
    ]
    line = trace.get("line") or {}
    shown = numbers_of(line.get("color"))
    stops = shades(line.get("colorscale"), bool(line.get("reversescale")))
    low, high = (shown.min(), shown.max()) if len(shown) else (0.0, 1.0)
    items: list[Item] = []
    for i in range(len(values[0]) if values else 0):
        points = [
            (left + n * step, bottom - scale.share(own[i]) * (bottom - top))
            for n, (own, scale) in enumerate(zip(values, scales, strict=True))
        ]
        at = (shown[i] - low) / ((high - low) or 1) if len(shown) else 0.5
        items.append(Polyline(points, hex_of(*shade(stops, float(at))), 1.5))
    for n, (one, scale) in enumerate(zip(dimensions, scales, strict=True)):
        x = left + n * step
        items.append(Polyline([(x, top), (x, bottom)], MUTED, 1))
        title = wrapped(" ".join(lines_of(one.get("label", ""))), LABEL, min(step, 130) - 6, most=2)
        for up, text in enumerate(reversed(title)):
            items.append(Text(x, top - 12 - up * LABEL * 1.2, text, LABEL, INK, "middle"))
        for tick in ticks_of(one, scale, 6):
            y = bottom - scale.share(tick.value) * (bottom - top)
            items.append(Polyline([(x - 3, y), (x, y)], MUTED, 1))
            wide = width_of(tick.text, TICK)
            items.append(Rectangle(x - 8 - wide, y - TICK * 0.6, wide + 4, TICK * 1.2, "rgba(255,255,255,0.85)"))
            items.append(Text(x - 6, y + TICK * 0.35, tick.text, TICK, MUTED, "end"))
    return items


def _span(values: object) -> list[float]:
    known = numbers_of(values)
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return [low, high] if low < high else [low - 1, high + 1]
