"""Reading plotly figures: arrays in any of their forms, lines of text, colours of a scale."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aecore.drawing.items import color_of

VIRIDIS = ("#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725")


def values_of(data: Any) -> list[Any]:
    """A list of numbers, texts and None, from a list, an array, or an array in base64 as plotly writes it."""
    if data is None:
        return []
    if isinstance(data, Mapping):
        return _array(data).tolist()
    return data.tolist() if isinstance(data, np.ndarray) else list(data)


def texts_of(data: Any) -> list[str]:
    return [str(value) for value in values_of(data)]


def numbers_of(data: Any) -> np.ndarray:
    """float64, with NaN for None."""
    return np.array([np.nan if value is None else value for value in values_of(data)], float)


def table_of(data: Any) -> list[list[Any]]:
    """Rows of a two-dimensional array or of a list of rows."""
    if isinstance(data, Mapping):
        return _array(data).tolist()
    return [values_of(row) for row in data]


def lines_of(text: str) -> list[str]:
    """A text of plotly's, with `<br>` for new lines, as plain lines."""
    lines = re.split(r"<br\s*/?>", str(text))
    return [re.sub(r"</?(b|i|sup|sub|span)(\s[^>]*)?>", "", line) for line in lines]


def shades(scale: Any, reverse: bool) -> list[tuple[float, tuple[float, float, float]]]:
    """A colour scale as stops from 0 to 1; anything without stops is Viridis."""
    if isinstance(scale, str) or scale is None:
        stops = [(i / (len(VIRIDIS) - 1), color_of(code)[:3]) for i, code in enumerate(VIRIDIS)]
    else:
        stops = [(float(at), color_of(code)[:3]) for at, code in scale]
    found = [(at, (float(r), float(g), float(b))) for at, (r, g, b) in stops]
    return [(1 - at, code) for at, code in reversed(found)] if reverse else found


def shade(stops: Sequence[tuple[float, tuple[float, float, float]]], at: float) -> tuple[int, int, int]:
    """The colour of a scale at a position from 0 to 1."""
    places = [place for place, _ in stops]
    red, green, blue = (round(float(np.interp(at, places, [code[i] for _, code in stops]))) for i in range(3))
    return red, green, blue


def hex_of(red: int, green: int, blue: int) -> str:
    return f"#{red:02X}{green:02X}{blue:02X}"


def faded(code: str, opacity: float) -> str:
    """The colour at that opacity, times its own."""
    red, green, blue, own = color_of(code)
    return code if opacity >= 1 else f"rgba({red},{green},{blue},{own * opacity:.3g})"


def _array(data: Mapping[str, Any]) -> np.ndarray:
    found = np.frombuffer(base64.b64decode(data["bdata"]), np.dtype(data["dtype"]))
    if "shape" in data:
        shape = data["shape"]
        found = found.reshape([int(part) for part in (shape.split(",") if isinstance(shape, str) else shape)])
    return found
