"""What the browser is given on pages without a server: JSON and bytes under names that follow from their content."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any


def as_json(value: Any) -> str:
    """JSON for a script or a page, bytes as base64. Nothing in it may close its element, so "<" is escaped."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, default=_bytes)
    return text.replace("<", "\\u003c")


def _bytes(value: Any) -> dict[str, str]:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return {"base64": base64.b64encode(value).decode()}


def name_of(what: str, content: Mapping[str, Any]) -> str:
    """The name of a payload, which begins with what it is. Equal names mean equal content."""
    return f"{what}-{hashlib.sha256(as_json(content).encode()).hexdigest()[:16]}"


def script_of(name: str, content: Mapping[str, Any]) -> str:
    """A payload as a script, which keeps it for the page."""
    return f"(globalThis.aecorePayloads ??= {{}})[{as_json(name)}] = {as_json(content)};\n"
