"""Figures as files: a display list, writers for PNG, SVG and PDF, and on top of them image sheets and charts.

    from aecore.drawing import Sheet, SheetRow, write
    write(Sheet([SheetRow("clean", clean), SheetRow("output", output)], title="mnist-mlp8").drawing(), "pdf")

Everything is measured in points (1/72 inch) from the top left corner, y downwards. It needs numpy and Pillow only.
"""

from aecore.drawing.chart import chart
from aecore.drawing.items import Circle, Clip, Drawing, Picture, Polyline, Rectangle, Text, beside, stacked
from aecore.drawing.sheet import Ramp, Sheet, SheetRow, noted
from aecore.drawing.write import FORMATS, write

__all__ = [
    "FORMATS",
    "Circle",
    "Clip",
    "Drawing",
    "Picture",
    "Polyline",
    "Ramp",
    "Rectangle",
    "Sheet",
    "SheetRow",
    "Text",
    "beside",
    "chart",
    "noted",
    "stacked",
    "write",
]
