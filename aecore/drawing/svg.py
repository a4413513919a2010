"""The SVG writer."""

from __future__ import annotations

import base64
import html
import io

from PIL import Image

from aecore.drawing.items import Circle, Clip, Drawing, Item, Picture, Polyline, Rectangle, Text, color_of
from aecore.drawing.numbers import number, numbers
from aecore.drawing.typeface import plain

FONT = "'Source Sans 3', 'Source Sans Pro', Helvetica, Arial, sans-serif"


def svg(drawing: Drawing) -> bytes:
    """One SVG document with its images inside; text stays text."""
    writer = _Writer()
    body = "\n".join(writer.item(item) for item in drawing.items)
    size = f'width="{number(drawing.width)}pt" height="{number(drawing.height)}pt"'
    view = f'viewBox="0 0 {number(drawing.width)} {number(drawing.height)}"'
    title = f"<title>{_escaped(drawing.title)}</title>\n" if drawing.title else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family="{html.escape(FONT)}">\n{title}'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    ).encode()


class _Writer:
    def __init__(self) -> None:
        self.clips = 0

    def item(self, item: Item) -> str:
        match item:
            case Text():
                return _text(item)
            case Polyline():
                return _polyline(item)
            case Rectangle():
                box = _box(item)
                return f"<rect {box} {_painted(item.fill, item.stroke, item.line)}/>"
            case Circle():
                at = f'cx="{number(item.x)}" cy="{number(item.y)}" r="{number(item.radius)}"'
                return f"<circle {at} {_painted(item.fill)}/>"
            case Picture():
                return _picture(item)
            case Clip():
                return self.clipped(item)

    def clipped(self, item: Clip) -> str:
        self.clips += 1
        name = f"clip{self.clips}"
        box = _box(item)
        inner = "\n".join(map(self.item, item.items))
        return f'<clipPath id="{name}"><rect {box}/></clipPath>\n<g clip-path="url(#{name})">\n{inner}\n</g>'


def _box(item: Rectangle | Picture | Clip) -> str:
    named = {"x": item.x, "y": item.y, "width": item.width, "height": item.height}
    return " ".join(f'{name}="{number(value)}"' for name, value in named.items())


def _text(item: Text) -> str:
    at = f'x="{number(item.x)}" y="{number(item.y)}"'
    look = f'font-size="{number(item.size)}" {_painted(item.color)}'
    if item.anchor != "start":
        look += f' text-anchor="{item.anchor}"'
    if item.bold:
        look += ' font-weight="bold"'
    if item.turned:
        look += f' transform="rotate(-90 {number(item.x)} {number(item.y)})"'
    return f"<text {at} {look}>{_escaped(item.text)}</text>"


def _polyline(item: Polyline) -> str:
    points = " ".join(f"{number(x)},{number(y)}" for x, y in item.points)
    dash = f' stroke-dasharray="{numbers(item.dash)}"' if item.dash else ""
    name = "polygon" if item.closed else "polyline"
    return f'<{name} points="{points}" {_painted(item.fill, item.stroke, item.width)} stroke-linejoin="round"{dash}/>'


def _picture(item: Picture) -> str:
    buffer = io.BytesIO()
    Image.fromarray(item.pixels).save(buffer, "PNG")
    box = _box(item)
    uri = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    label = f' role="img" aria-label="{_escaped(item.alt)}"' if item.alt else ""
    # Two spellings of the same wish: browsers know the first, Inkscape and librsvg the second.
    sharp = 'style="image-rendering:pixelated" image-rendering="optimizeSpeed"'
    return f'<image {box} preserveAspectRatio="none" {sharp}{label} href="{uri}"/>'


def _painted(fill: str = "", stroke: str = "", width: float = 1.0) -> str:
    parts = []
    for name, code in (("fill", fill), ("stroke", stroke)):
        if not code:
            parts += [f'{name}="none"'] if name == "fill" else []
            continue
        red, green, blue, opacity = color_of(code)
        parts.append(f'{name}="#{red:02x}{green:02x}{blue:02x}"')
        if opacity < 1:
            parts.append(f'{name}-opacity="{number(opacity)}"')
    if stroke:
        parts.append(f'stroke-width="{number(width)}"')
    return " ".join(parts)


def _escaped(text: str) -> str:
    return html.escape(plain(text))
