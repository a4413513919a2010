"""Texts for places that read Markdown."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """A person's own words for places that read Markdown: shown as they are, with no effect."""
    return re.sub(r"([\\`*_\[\]<>#|!$:~])", r"\\\1", text)
