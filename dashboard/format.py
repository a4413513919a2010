"""Text for widgets that render Markdown."""

from __future__ import annotations

import re

from aecore.format import printable


def plain(text: str) -> str:
    """Text that came with a run or from a user, for widgets that render Markdown: nothing in it is a link, an image, a
    formula, a colour or the beginning of a line of another kind."""
    line = printable(" ".join(text.split()))
    # Addresses become links after the backslashes are read: a character without a width keeps them apart.
    line = re.sub(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", "\u2060", line)
    escaped = re.sub(r"([\\`*_\[\]<>#|!$:~@&{}])", r"\\\1", line)
    return re.sub(r"^(\d+)([.)])|^([-+=])", lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", escaped)
