"""The settings of a run of another program, as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

DEEPEST, LONGEST, LARGEST = 12, 10_000, 1 << 53
"""How deeply tables may lie in one another, how long a text may be, and how large a whole number."""


def plain(config: Mapping[str, Any], depth: int = 1) -> dict[str, Any]:
    """Numbers, text, truth values, lists and tables as they are; anything else as text, and so what lies very deep."""
    return {str(key)[:LONGEST]: _plain(value, depth + 1) for key, value in config.items()}


def _plain(value: Any, depth: int) -> Any:
    if depth <= DEEPEST and isinstance(value, Mapping):
        return plain(value, depth)
    if depth <= DEEPEST and isinstance(value, list | tuple):
        return [_plain(part, depth + 1) for part in value]
    if value is None or isinstance(value, bool):
        return value
    if (isinstance(value, int) and abs(value) <= LARGEST) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
