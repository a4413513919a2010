"""The PDF writer: vector graphics, the standard fonts, and images with sharp pixels (ISO 32000-1).

A character that neither Helvetica nor Symbol has is drawn as an empty box, or as a triangle for a warning sign; what
it was stays in the file as the text to copy and to search.
"""

from __future__ import annotations

import zlib

from aecore.drawing.items import Circle, Clip, Drawing, Item, Picture, Polyline, Rectangle, Text, color_of
from aecore.drawing.numbers import number, numbers
from aecore.drawing.typeface import MINUS, WARNING, WIDE, encoded, plain, runs, width_of

_FONTS = {"helvetica": "Helvetica", "bold": "Helvetica-Bold", "symbol": "Symbol"}

PRINT, MOST_TIMES = 4.0, 12
"""Images are enlarged to about so many pixels per point, by at most this whole factor."""


def pdf(drawing: Drawing) -> bytes:
    """A PDF of one page in the drawing's size."""
    page = _Page(drawing.height)
    for item in drawing.items:
        page.draw(item)
    return page.file(drawing)


class _Page:
    def __init__(self, height: float) -> None:
        self.height = height
        self.content: list[bytes] = []
        self.images: list[Picture] = []
        self.opacities: dict[float, str] = {}

    def put(self, text: str) -> None:
        self.content.append(text.encode("latin-1"))

    def draw(self, item: Item) -> None:
        match item:
            case Text():
                self.text(item)
            case Polyline():
                self.polyline(item)
            case Rectangle():
                self.rectangle(item)
            case Circle():
                self.circle(item)
            case Picture():
                self.picture(item)
            case Clip():
                box = numbers((item.x, self.height - item.y - item.height, item.width, item.height))
                self.put(f"q {box} re W n")
                for inner in item.items:
                    self.draw(inner)
                self.put("Q")

    def paint(self, code: str, operator: str) -> None:
        """Set the colour of what follows, and its opacity; `operator` is rg for areas, RG for lines."""
        red, green, blue, opacity = color_of(code)
        state = self.opacities.setdefault(round(opacity, 3), f"G{len(self.opacities)}")
        self.put(f"/{state} gs {red / 255:.3f} {green / 255:.3f} {blue / 255:.3f} {operator}")

    def polyline(self, item: Polyline) -> None:
        if not item.points:
            return
        points = [numbers((x, self.height - y)) for x, y in item.points]
        path = f"{points[0]} m {' '.join(f'{point} l' for point in points[1:])}{' h' if item.closed else ''}"
        self.put("q 1 j")
        if item.fill:
            self.paint(item.fill, "rg")
            self.put(f"{path} f")
        if item.stroke:
            self.paint(item.stroke, "RG")
            self.put(f"{number(item.width)} w [{numbers(item.dash)}] 0 d {path} S")
        self.put("Q")

    def rectangle(self, item: Rectangle) -> None:
        box = numbers((item.x, self.height - item.y - item.height, item.width, item.height))
        self.put("q")
        if item.fill:
            self.paint(item.fill, "rg")
            self.put(f"{box} re f")
        if item.stroke:
            self.paint(item.stroke, "RG")
            self.put(f"{number(item.line)} w {box} re S")
        self.put("Q")

    def circle(self, item: Circle) -> None:
        """A line of no length with round ends, which takes a tenth of the bytes of four curves."""
        at = numbers((item.x, self.height - item.y))
        self.put("q")
        self.paint(item.fill, "RG")
        self.put(f"1 J {number(2 * item.radius)} w {at} m {at} l S Q")

    def picture(self, item: Picture) -> None:
        self.images.append(item)
        matrix = numbers((item.width, 0, 0, item.height, item.x, self.height - item.y - item.height))
        self.put(f"q {matrix} cm /I{len(self.images) - 1} Do Q")

    def text(self, item: Text) -> None:
        text = plain(item.text)
        if not text.strip():
            return
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[item.anchor] * width_of(text, item.size, item.bold)
        turn = "0 1 -1 0" if item.turned else "1 0 0 1"
        self.put("q")
        self.paint(item.color, "rg")
        self.paint(item.color, "RG")
        self.put(f"{turn} {numbers((item.x, self.height - item.y))} cm")
        at = -shift
        for face, piece in runs(text, item.bold):
            if face is None:
                self.unknown(piece, at, item.size)
                at += item.size * WIDE / 1000
                continue
            shown = encoded(piece, face)
            escaped = shown.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)").decode("latin-1")
            font = f"/{face} {number(item.size)} Tf"
            said = _said(piece) if face == "symbol" or MINUS in piece else ""
            # Symbol has no bold: its outlines are drawn as well.
            heavy = f"2 Tr {number(0.04 * item.size)} w " if face == "symbol" and item.bold else "0 Tr "
            self.put(f"{said}BT {heavy}{font} {number(at)} 0 Td ({escaped}) Tj ET{' EMC' if said else ''}")
            at += width_of(piece, item.size, item.bold)
        self.put("Q")

    def unknown(self, sign: str, at: float, size: float) -> None:
        left, right, low, top = at + 0.1 * size, at + 0.9 * size, -0.05 * size, 0.72 * size
        middle = (left + right) / 2
        line = number(0.07 * size)
        if sign == WARNING:
            shape = f"{numbers((left, low))} m {numbers((right, low))} l {numbers((middle, top))} l h"
            mark = f"{numbers((middle, top - 0.24 * size))} m {numbers((middle, low + 0.27 * size))} l"
            dot = f"{numbers((middle, low + 0.13 * size))} m {numbers((middle, low + 0.14 * size))} l"
            shape = f"{shape} {mark} {dot}"
        else:
            shape = f"{numbers((left, low, right - left, top - low))} re"
        # A space, so that there is a character to which the text belongs.
        self.put(f"{_said(sign)}BT /helvetica {number(size)} Tf {number(at)} 0 Td ( ) Tj ET EMC")
        self.put(f"q 1 j 1 J {line} w {shape} S Q")

    def file(self, drawing: Drawing) -> bytes:
        """Header, objects, cross-reference table and trailer."""
        file = _File()
        fonts = {}
        for face, name in _FONTS.items():
            encoding = "" if face == "symbol" else " /Encoding /WinAnsiEncoding"
            fonts[face] = file.add(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name}{encoding} >>")
        images = [file.image(picture) for picture in self.images]
        content = file.stream(b"\n".join(self.content))
        states = " ".join(f"/{name} << /ca {number(o)} /CA {number(o)} >>" for o, name in self.opacities.items())
        named = " ".join(f"/{face} {number} 0 R" for face, number in fonts.items())
        shown = " ".join(f"/I{i} {number} 0 R" for i, number in enumerate(images))
        resources = f"<< /Font << {named} >> /XObject << {shown} >> /ExtGState << {states} >> >>"
        pages = file.add("")
        box = numbers((0, 0, drawing.width, drawing.height))
        page = file.add(
            f"<< /Type /Page /Parent {pages} 0 R /MediaBox [{box}] /Contents {content} 0 R /Resources {resources} "
            "/Group << /S /Transparency /CS /DeviceRGB >> >>"
        )
        file.replace(pages, f"<< /Type /Pages /Kids [{page} 0 R] /Count 1 >>")
        catalog = file.add(f"<< /Type /Catalog /Pages {pages} 0 R >>")
        about = file.add(f"<< /Title {_unicode(plain(drawing.title))} /Producer (aecore) >>")
        return file.written(catalog, about)


class _File:
    """The objects of a PDF file, numbered from 1."""

    def __init__(self) -> None:
        self.objects: list[bytes] = []

    def add(self, body: str | bytes) -> int:
        self.objects.append(body.encode("latin-1") if isinstance(body, str) else body)
        return len(self.objects)

    def replace(self, number: int, body: str) -> None:
        self.objects[number - 1] = body.encode("latin-1")

    def stream(self, content: bytes, about: str = "") -> int:
        packed = zlib.compress(content, 9)
        head = f"<< {about}/Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode("latin-1")
        return self.add(head + packed + b"\nendstream")

    def image(self, picture: Picture) -> int:
        # Viewers smooth images in spite of /Interpolate false, unless a pixel of theirs is small on paper.
        times = max(1, min(round(picture.width * PRINT / picture.pixels.shape[1]), MOST_TIMES))
        pixels = picture.pixels.repeat(times, axis=0).repeat(times, axis=1)
        height, width = pixels.shape[:2]
        space = "/DeviceRGB" if pixels.ndim == 3 else "/DeviceGray"
        about = f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace {space} "
        return self.stream(pixels.tobytes(), f"{about}/BitsPerComponent 8 /Interpolate false ")

    def written(self, catalog: int, about: int) -> bytes:
        out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
        offsets = []
        for at, body in enumerate(self.objects, 1):
            offsets.append(len(out))
            out += f"{at} 0 obj\n".encode() + body + b"\nendobj\n"
        table = len(out)
        count = len(self.objects) + 1
        out += f"xref\n0 {count}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
        out += f"trailer\n<< /Size {count} /Root {catalog} 0 R /Info {about} 0 R >>\n".encode()
        out += f"startxref\n{table}\n%%EOF\n".encode()
        return bytes(out)


def _said(text: str) -> str:
    """What a reader copies for what follows, up to EMC."""
    return f"/Span << /ActualText {_unicode(text)} >> BDC "


def _unicode(text: str) -> str:
    return f"<FEFF{text.encode('utf-16-be', 'replace').hex().upper()}>"
