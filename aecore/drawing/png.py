"""The PNG writer: Pillow, with the pixels of images enlarged by whole factors."""

from __future__ import annotations

import importlib.util
import io
import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from aecore.drawing.items import PAPER, Circle, Clip, Drawing, Item, Picture, Point, Polyline, Rectangle, Text, color_of
from aecore.drawing.typeface import WARNING, plain
from aecore.errors import UserError

MOST_PIXELS = 120_000_000
_SPELT = {
    "σ": "sigma", "β": "beta", "μ": "mu", "λ": "lambda", "α": "alpha", "ε": "epsilon", "π": "pi", "Δ": "Delta",
    "−": "-", "×": "x", "∞": "inf", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "²": "^2", "≈": "~", "…": "...",
}  # fmt: skip
"""For characters that the font lacks."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def png(drawing: Drawing, dpi: float) -> bytes:
    """The drawing at that many pixels per inch, which the file states. Raises `UserError` if it would be too large.

    An image's pixels are enlarged by the largest whole factor that fits into its box, in which it is centred.
    """
    scale = dpi / 72
    width, height = math.ceil(drawing.width * scale), math.ceil(drawing.height * scale)
    if width * height > MOST_PIXELS:
        raise UserError(f"an image of {width}×{height} pixels is too large: take SVG or PDF, or show fewer images")
    finer = 3 if width * height < 6e6 else 2 if width * height < 24e6 else 1
    canvas = Image.new("RGB", (width * finer, height * finer), PAPER)
    _Canvas(canvas, scale, finer).draw(drawing.items)
    buffer = io.BytesIO()
    (canvas.reduce(finer) if finer > 1 else canvas).save(buffer, "PNG", dpi=(dpi, dpi))
    return buffer.getvalue()


class _Canvas:
    """Draws on an image `finer` times as large as the result, which is then averaged: Pillow has no smooth edges."""

    def __init__(self, canvas: Image.Image, scale: float, finer: int) -> None:
        self.canvas, self.scale, self.finer = canvas, scale, finer
        self.by = scale * finer

    def draw(self, items: Sequence[Item]) -> None:
        for item in items:
            match item:
                case Text():
                    self.text(item)
                case Polyline():
                    self.polyline(item)
                case Rectangle():
                    corners = self.points([(item.x, item.y), (item.x + item.width, item.y + item.height)])
                    (left, top), (right, bottom) = corners
                    box = [(left, top), (right, top), (right, bottom), (left, bottom)]
                    self.area(box, item.fill)
                    self.line([*box, box[0]], item.stroke, item.line)
                case Circle():
                    self.circle(item)
                case Picture():
                    self.picture(item)
                case Clip():
                    self.clip(item)

    def points(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.by, y * self.by) for x, y in points]

    def layer(self, code: str) -> tuple[ImageDraw.ImageDraw, tuple[int, int, int, int]]:
        """Where to draw in that colour: translucent ones are blended with what is there."""
        red, green, blue, opacity = color_of(code)
        return ImageDraw.Draw(self.canvas, "RGBA" if opacity < 1 else "RGB"), (red, green, blue, round(255 * opacity))

    def area(self, points: Sequence[Point], code: str) -> None:
        if code and len(points) > 2:
            on, color = self.layer(code)
            on.polygon(points, fill=color)

    def line(self, points: Sequence[Point], code: str, width: float, dash: Sequence[float] = ()) -> None:
        if not code or len(points) < 2:
            return
        on, color = self.layer(code)
        thick = max(1, round(width * self.by))
        for part in _dashed(points, [length * self.by for length in dash]):
            on.line(part, fill=color, width=thick, joint="curve")

    def polyline(self, item: Polyline) -> None:
        points = self.points(item.points)
        self.area(points, item.fill)
        self.line([*points, points[0]] if item.closed and points else points, item.stroke, item.width, item.dash)

    def circle(self, item: Circle) -> None:
        on, color = self.layer(item.fill)
        x, y, radius = item.x * self.by, item.y * self.by, item.radius * self.by
        on.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)

    def picture(self, item: Picture) -> None:
        height, width = item.pixels.shape[:2]
        fits = min(item.width * self.scale / width, item.height * self.scale / height)
        factor = math.floor(fits + 1e-6)
        if factor < 1:  # larger than its box: there is no whole factor
            size = (max(1, round(item.width * self.by)), max(1, round(item.height * self.by)))
            shown = Image.fromarray(item.pixels).resize(size, Image.Resampling.BOX)
            self.canvas.paste(shown, (round(item.x * self.by), round(item.y * self.by)))
            return
        times = factor * self.finer
        shown = Image.fromarray(item.pixels).resize((width * times, height * times), Image.Resampling.NEAREST)
        # On the grid of the result, so that averaging leaves each pixel as it is.
        left = round(item.x * self.scale + (item.width * self.scale - width * factor) / 2)
        top = round(item.y * self.scale + (item.height * self.scale - height * factor) / 2)
        self.canvas.paste(shown, (left * self.finer, top * self.finer))

    def clip(self, item: Clip) -> None:
        ends = ((item.x, item.x + item.width), (item.y, item.y + item.height))
        (left, right), (top, bottom) = ([round(end * self.scale) * self.finer for end in pair] for pair in ends)
        inside = self.canvas.crop((left, top, right, bottom))
        moved = Drawing(item.width, item.height, item.items).moved(-left / self.by, -top / self.by)
        _Canvas(inside, self.scale, self.finer).draw(moved)
        self.canvas.paste(inside, (left, top))

    def text(self, item: Text) -> None:
        text = _writable(plain(item.text), item.bold)
        if not text.strip():
            return
        font = _font(max(1, round(item.size * self.by)), item.bold)
        pieces = [(piece, piece == WARNING) for piece in _apart(text)]
        widths = [font.size * 0.95 if warns else font.getlength(piece) for piece, warns in pieces]  # type: ignore[union-attr]
        total = sum(widths)
        mask = Image.new("L", (math.ceil(total) + 4, math.ceil(1.6 * font.size)), 0)  # type: ignore[union-attr]
        base, at = round(1.15 * font.size), 1.0  # type: ignore[union-attr]
        pen = ImageDraw.Draw(mask)
        for (piece, warns), width in zip(pieces, widths, strict=True):
            if warns:
                _triangle(pen, at, base, font.size)  # type: ignore[union-attr]
            else:
                pen.text((at, base), piece, fill=255, font=font, anchor="ls")
            at += width
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[item.anchor] * total
        x, y = item.x * self.by, item.y * self.by
        left, top = x - shift - 1, y - base
        if item.turned:
            left, top = x - base, y + shift + 1 - mask.width
            mask = mask.transpose(Image.Transpose.ROTATE_90)
        red, green, blue, _ = color_of(item.color)
        self.canvas.paste((red, green, blue), (round(left), round(top)), mask)


def _dashed(points: Sequence[Point], dash: Sequence[float]) -> list[list[Point]]:
    """The strokes of a dashed line; without dashes the line itself."""
    if not dash:
        return [list(points)]
    parts: list[list[Point]] = []
    stroke: list[Point] = [points[0]]
    turn, left = 0, dash[0]
    for start, end in pairwise(points):
        length = math.dist(start, end)
        done = 0.0
        while length - done > left:
            done += left
            at = (start[0] + (end[0] - start[0]) * done / length, start[1] + (end[1] - start[1]) * done / length)
            if turn % 2 == 0:
                parts.append([*stroke, at])
            stroke = [at]
            turn += 1
            left = max(dash[turn % len(dash)], 0.5)
        left -= length - done
        stroke.append(end)
    return [*parts, stroke] if turn % 2 == 0 else parts


def _apart(text: str) -> list[str]:
    """The text with its warning signs as pieces of their own."""
    pieces: list[str] = []
    for i, piece in enumerate(text.split(WARNING)):
        pieces += ([WARNING] if i else []) + ([piece] if piece else [])
    return pieces


def _triangle(pen: ImageDraw.ImageDraw, left: float, base: int, size: float) -> None:
    """The warning sign, which the font lacks."""
    top, low, right = base - 0.74 * size, base + 0.05 * size, left + 0.88 * size
    middle, line = (left + right) / 2, max(1, round(0.075 * size))
    corners = [(left + line, low - line / 2), (right - line, low - line / 2), (middle, top + line / 2)]
    pen.line([*corners, corners[0], corners[1]], fill=255, width=line, joint="curve")
    pen.line([(middle, top + 0.27 * size), (middle, low - 0.3 * size)], fill=255, width=line)
    pen.ellipse((middle - line * 0.6, low - 0.21 * size, middle + line * 0.6, low - 0.21 * size + 1.2 * line), fill=255)


def _writable(text: str, bold: bool) -> str:
    """The text with every character that the font lacks spelt out, or as a box where there is no spelling."""
    return "".join(sign if sign == WARNING or _has(sign, bold) else _SPELT.get(sign, "□") for sign in text)


@lru_cache(4096)
def _has(sign: str, bold: bool) -> bool:
    if sign.isspace() or isinstance(font := _font(32, bold), ImageFont.ImageFont):
        return True
    return _drawn(font, sign) != _drawn(font, "\U0010fffd")


def _drawn(font: ImageFont.FreeTypeFont, sign: str) -> bytes:
    picture = Image.new("L", (64, 64))
    ImageDraw.Draw(picture).text((8, 40), sign, fill=255, font=font, anchor="ls")
    return picture.tobytes()


@lru_cache(64)
def _font(size: int, bold: bool) -> Font:
    """Source Sans from Streamlit's package, which has Greek letters and signs; without it Pillow's own font."""
    path = _source_sans()
    if path is None:
        return ImageFont.load_default(size)
    font = ImageFont.truetype(io.BytesIO(path.read_bytes()), size)
    font.set_variation_by_axes([600 if bold else 400])
    return font


@lru_cache(1)
def _source_sans() -> Path | None:
    """The file of Source Sans that comes with Streamlit; the package is looked up, not imported."""
    spec = importlib.util.find_spec("streamlit")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(place).glob("static/static/media/SourceSansVF-Upright*.woff2")):
            try:
                ImageFont.truetype(str(path), 12).set_variation_by_axes([400])
            except OSError:  # Pillow was built without support for the format
                continue
            return path
    return None


def enlarged(pixels: np.ndarray, at_least: int) -> np.ndarray:
    """Pixels (H, W, …) repeated a whole number of times, so that the longer side has at least so many."""
    factor = max(1, -(-at_least // max(pixels.shape[:2])))
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)
