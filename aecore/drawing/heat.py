"""Heat maps: coloured cells with their values as text, and the bar that says which colour means what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from aecore.drawing.frame import LABEL, TICK
from aecore.drawing.items import INK, MUTED, PAPER, Item, Rectangle, Text
from aecore.drawing.marks import Place
from aecore.drawing.scales import Scale, ticks_of
from aecore.drawing.values import hex_of, lines_of, shade, shades, table_of, texts_of

BAR = 14.0
STEPS = 128
OVERLAP = 0.5
"""Of neighbouring colours of the bar, so that no line shows between them."""


def heat(trace: Mapping[str, Any], place: Place, number: int) -> list[Item]:
    """The cells of a heat map between categories; a cell without a value is left out."""
    rows, texts = table_of(trace.get("z")), table_of(trace.get("text") or [])
    low, high = _ends(trace)
    stops = shades(trace.get("colorscale"), bool(trace.get("reversescale")))
    across, down = texts_of(trace.get("x")), texts_of(trace.get("y"))
    wide = place.width / max(len(place.across.categories), 1) - float(trace.get("xgap") or 0)
    tall = place.height / max(len(place.up.categories), 1) - float(trace.get("ygap") or 0)
    size = float((trace.get("textfont") or {}).get("size", TICK))
    items: list[Item] = []
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if value is None or math.isnan(value):
                continue
            x, y = place.x(across[j]), place.y(down[i])
            red, green, blue = shade(stops, (value - low) / ((high - low) or 1))
            items.append(Rectangle(x - wide / 2, y - tall / 2, wide, tall, hex_of(red, green, blue)))
            if texts and trace.get("texttemplate"):
                ink = PAPER if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else INK
                lines = lines_of(texts[i][j])
                for n, line in enumerate(lines):
                    base = y + size * 0.35 + (n - (len(lines) - 1) / 2) * size * 1.2
                    items.append(Text(x, base, line, size, ink, "middle"))
    return items


def colorbar(trace: Mapping[str, Any], x: float, y: float, height: float) -> list[Item]:
    """The bar of a heat map's colours at (x, y), with its ticks and title to the right."""
    low, high = _ends(trace)
    stops = shades(trace.get("colorscale"), bool(trace.get("reversescale")))
    look = trace.get("colorbar") or {}
    each = height / STEPS
    items: list[Item] = []
    for i in range(STEPS):  # not a picture, which a PNG shows at a whole factor and thus not to the bar's ends
        below = min(height, (i + 1) * each + OVERLAP)
        items.append(Rectangle(x, y + i * each, BAR, below - i * each, hex_of(*shade(stops, 1 - i / (STEPS - 1)))))
    scale = Scale("linear", low, high)
    for tick in ticks_of(look, scale, 6):
        at = y + (1 - scale.share(tick.value)) * height
        items.append(Text(x + BAR + 5, at + TICK * 0.35, tick.text, TICK, MUTED))
    title = look.get("title") or {}
    text = " ".join(lines_of(title.get("text") or "" if isinstance(title, Mapping) else title))
    if text:
        items.append(Text(x + BAR + 56, y + height / 2, text, LABEL, MUTED, "middle", turned=True))
    return items


def _ends(trace: Mapping[str, Any]) -> tuple[float, float]:
    known = [value for row in table_of(trace.get("z")) for value in row if value is not None and not math.isnan(value)]
    low, high = trace.get("zmin"), trace.get("zmax")
    return float(min(known, default=0) if low is None else low), float(max(known, default=1) if high is None else high)
