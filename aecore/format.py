"""Numbers as people read them, the same on pages, in figures and on the command line; texts that came with a file as
what they are: texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any


def count(number: int, noun: str) -> str:
    """`1 run`, `2 runs`, `10,000 images`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """`8 s`, `2 min 05 s`, `1 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def format_value(value: float | None, unit: str = "") -> str:
    """Whole or with two decimals, below 1 four significant digits, a dash for None."""
    if value is None:
        return "–"
    if float(value).is_integer() and abs(value) >= 1:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.2f}" if abs(value) >= 1 else f"{value:.4g}"
    return f"{text} {unit}".strip()


def numbered(title: str, taken: Iterable[str]) -> str:
    """The title, or where it is taken the title with the first free number: `digits-quick (2)`."""
    others = set(taken)
    if title not in others:
        return title
    return next(name for number in range(2, len(others) + 3) if (name := f"{title} ({number})") not in others)


def printable(text: str) -> str:
    """A text without the characters that would move a terminal's cursor, change its colours or turn the direction of
    what follows; those that join letters and emoji stay."""
    return "".join("\ufffd" if _commands(c) else c for c in text)


def _commands(character: str) -> bool:
    turns = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    return turns or (character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs"))


def csv_cell(value: Any) -> Any:
    """A value for a CSV file; a text that a spreadsheet would compute is kept from it by an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def drawable(text: str) -> str:
    """A text for a Plotly figure, which reads `<…>` as markup and `%{…}` as a value."""
    return text.replace("<", "‹").replace(">", "›").replace("%{", "% {")
