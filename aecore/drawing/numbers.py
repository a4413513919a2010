"""Numbers as SVG and PDF have them."""

from __future__ import annotations

from collections.abc import Iterable


def number(value: float) -> str:
    """With at most two decimals, and never in exponential form."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def numbers(values: Iterable[float]) -> str:
    """With a space between them."""
    return " ".join(map(number, values))
