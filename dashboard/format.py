"""TODO docstring."""

from __future__ import annotations

import re


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


def plain(text: str) -> str:
    """A person's own words for places that read Markdown: shown as they are, with no effect."""
    return re.sub(r"([\\`*_\[\]<>#|!$:~])", r"\\\1", text)
