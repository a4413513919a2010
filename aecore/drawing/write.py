"""A drawing in the format that is asked for."""

from __future__ import annotations

from collections.abc import Callable

from aecore.drawing.items import Drawing
from aecore.drawing.pdf import pdf
from aecore.drawing.png import png
from aecore.drawing.svg import svg
from aecore.errors import UserError, nearest

SCREEN_DPI, PRINT_DPI = 144, 300
FORMATS: dict[str, tuple[str, Callable[[Drawing], bytes]]] = {
    "png": ("png", lambda drawing: png(drawing, SCREEN_DPI)),
    "print": ("png", lambda drawing: png(drawing, PRINT_DPI)),
    "svg": ("svg", svg),
    "pdf": ("pdf", pdf),
}
"""By name: the file's extension, and the writer. `png` has two pixels per point, for a screen; `print` 300 dpi."""


def write(drawing: Drawing, format: str) -> bytes:
    """The drawing as a file in one of `FORMATS`. Raises `UserError` for another."""
    if format not in FORMATS:
        raise UserError(f"unknown format '{format}' for a drawing: {nearest(format, FORMATS)}")
    return FORMATS[format][1](drawing)
