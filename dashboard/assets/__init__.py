"""Sending large things to the browser once.

Streamlit sends a message again whenever anything in it changed, and else only its hash. So what is large and rarely
changes travels in a message of its own, and the components that show it name it: changing a small thing then
never sends megabytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit.components.v2 as components

_FOLDER = Path(__file__).parent
ASSET_JS = (_FOLDER / "asset.js").read_text()
"""Defines `assets`; `await assets.get(name)` gives the parts that were shipped under that name."""

_carrier = components.component(
    "assets", html="<span></span>", js=ASSET_JS + (_FOLDER / "carrier.js").read_text(), css="\nspan { display: none; }\n"
)


def ship(name: str, **parts: Any) -> str:
    """Send `parts` (bytes, or what JSON can say) under a name and return the name. Equal names mean equal content: put
    into the name what the content depends on."""
    _carrier(key=f"asset-{name}", data={"name": name, **parts}, width=1, height=1)
    return name
