"""Text for widgets that render Markdown."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """User text, escaped for widgets that render Markdown."""
    return re.sub(r"([\\`*_\[\]<>#|!$:~])", r"\\\1", text)
