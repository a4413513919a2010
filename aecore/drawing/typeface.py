"""Type: the widths of Helvetica and Symbol, in which layouts are measured and PDF files are set, and line breaking.

The widths are those of Adobe's font metrics for the standard fonts of PDF (ISO 32000-1, 9.6.2.2), in thousandths of
the size. Other formats use a font that is as wide or narrower, so that what is measured here fits there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

Face = Literal["helvetica", "bold", "symbol"]

_CODES = "".join(map(chr, range(32, 127)))
_REGULAR = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556,) * 10,
    *(278, 278, 584, 584, 584, 556, 1015),
    *(667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833),
    *(722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611),
    *(278, 278, 278, 469, 556, 333),
    *(556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833),
    *(556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500),
    *(334, 260, 334, 584),
)
_BOLD = (
    *(278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556,) * 10,
    *(333, 333, 584, 584, 584, 611, 975),
    *(722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833),
    *(722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611),
    *(333, 278, 333, 584, 556, 333),
    *(556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889),
    *(611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500),
    *(389, 280, 389, 584),
)
_OTHERS = {
    "¡": (333, 333), "¢": (556, 556), "£": (556, 556), "¥": (556, 556), "§": (556, 556), "©": (737, 737),
    "«": (556, 556), "»": (556, 556), "¬": (584, 584), "®": (737, 737), "°": (400, 400), "±": (584, 584),
    "²": (333, 333), "³": (333, 333), "¹": (333, 333), "µ": (556, 611), "¶": (537, 556), "·": (278, 278),
    "¼": (834, 834), "½": (834, 834), "¾": (834, 834), "¿": (611, 611), "×": (584, 584), "÷": (584, 584),
    "Æ": (1000, 1000), "æ": (889, 889), "Ø": (778, 778), "ø": (611, 611), "Œ": (1000, 1000), "œ": (944, 944),
    "ß": (611, 611), "€": (556, 556), "‘": (222, 278), "’": (222, 278), "“": (333, 500), "”": (333, 500),
    "‚": (222, 278), "„": (333, 500), "•": (350, 350), "–": (556, 556), "—": (1000, 1000), "…": (1000, 1000),
    "™": (1000, 1000), "‰": (1000, 1000), "\xa0": (278, 278), "−": (556, 556),
}  # fmt: skip
_WIDTHS: dict[str, tuple[int, int]] = {
    **{sign: (regular, bold) for sign, regular, bold in zip(_CODES, _REGULAR, _BOLD, strict=True)},
    **_OTHERS,
}
_SYMBOL = {
    "α": ("a", 631), "β": ("b", 549), "χ": ("c", 549), "δ": ("d", 494), "ε": ("e", 439), "φ": ("f", 521),
    "γ": ("g", 411), "η": ("h", 603), "ι": ("i", 329), "κ": ("k", 549), "λ": ("l", 549), "μ": ("m", 576),
    "ν": ("n", 521), "ο": ("o", 549), "π": ("p", 549), "θ": ("q", 521), "ρ": ("r", 549), "σ": ("s", 603),
    "τ": ("t", 439), "υ": ("u", 576), "ω": ("w", 686), "ξ": ("x", 493), "ψ": ("y", 686), "ζ": ("z", 494),
    "Δ": ("D", 612), "Φ": ("F", 763), "Γ": ("G", 603), "Λ": ("L", 686), "Π": ("P", 768), "Θ": ("Q", 741),
    "Σ": ("S", 592), "Ω": ("W", 768), "Ξ": ("X", 645), "Ψ": ("Y", 795), "≤": ("\xa3", 549),
    "∞": ("\xa5", 713), "←": ("\xac", 987), "↑": ("\xad", 603), "→": ("\xae", 987), "↓": ("\xaf", 603),
    "≥": ("\xb3", 549), "∝": ("\xb5", 713), "∂": ("\xb6", 494), "≠": ("\xb9", 549), "≈": ("\xbb", 549),
    "∑": ("\xe5", 713), "√": ("\xd6", 549), "∈": ("\xce", 713),
}  # fmt: skip
"""Characters of Symbol: their code and width."""
MINUS, DASH = "−", "–"
"""Helvetica has no minus sign and borrows its dash: Symbol's sits at another height than Helvetica's digits."""
WARNING = "⚠"
"""Has no glyph in any standard font: every writer draws it as a triangle."""
WIDE = 1000
"""The width that a character without a glyph takes."""


def plain(text: str) -> str:
    """The text without control characters, joiners and variation selectors, which draw nothing, in one line."""
    text = unicodedata.normalize("NFC", re.sub("[\t\n\u2028\u2029]", " ", text))
    return "".join(
        sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Mn", "Me", "Co", "Cn")
    )


def face_of(sign: str, bold: bool = False) -> Face | None:
    """The standard font that has a character, None if none of them does."""
    if sign in _SYMBOL:
        return "symbol"
    return ("bold" if bold else "helvetica") if _width(sign) is not None else None


def runs(text: str, bold: bool = False) -> Iterator[tuple[Face | None, str]]:
    """The text in pieces of one font each; a character that no font has is a piece of its own."""
    piece, face = "", None
    for sign in text:
        own = face_of(sign, bold)
        if piece and (own != face or own is None):
            yield face, piece
            piece = ""
        piece, face = piece + sign, own
    if piece:
        yield face, piece


def encoded(piece: str, face: Face) -> bytes:
    """A piece as the bytes of its font's encoding."""
    if face == "symbol":
        return "".join(_SYMBOL[sign][0] for sign in piece).encode("latin-1")
    return piece.replace(MINUS, DASH).encode("cp1252")


def width_of(text: str, size: float, bold: bool = False) -> float:
    """The width of one line of text in points."""
    return sum(_advance(sign, bold) for sign in text) * size / 1000


def _advance(sign: str, bold: bool) -> int:
    if sign in _SYMBOL:
        return _SYMBOL[sign][1]
    found = _width(sign)
    return WIDE if found is None else found[bold]


def _width(sign: str) -> tuple[int, int] | None:
    """The widths in Helvetica and its bold; letters with an accent are as wide as without."""
    if sign in _WIDTHS:
        return _WIDTHS[sign]
    base = unicodedata.normalize("NFD", sign)[0]
    try:
        sign.encode("cp1252")
    except UnicodeEncodeError:
        return None
    if base == "i":  # the dotless letter is wider
        return 278, 278
    return _WIDTHS.get(base)


def wrapped(text: str, size: float, limit: float, bold: bool = False, most: int = 0) -> list[str]:
    """The text in lines no wider than `limit`, broken at spaces, a long word anywhere. With `most`, what does not fit
    into so many lines ends in “…”."""
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in part.split(" "):
            tried = f"{line} {word}" if line else word
            if width_of(tried, size, bold) <= limit:
                line = tried
                continue
            if line:
                lines.append(line)
            line = word
            while width_of(line, size, bold) > limit and len(line) > 1:
                fits = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or width_of(line[:n], size, bold) <= limit)
                lines.append(line[:fits])
                line = line[fits:]
        lines.append(line)
    if most and len(lines) > most:
        last = lines[most - 1]
        while last and width_of(f"{last}…", size, bold) > limit:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last.rstrip()}…"]
    return lines
