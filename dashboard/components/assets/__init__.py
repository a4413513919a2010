"""Sending large data to the browser once.

Streamlit sends a whole message again whenever anything in it changes, else only its hash. So data that is large and
rarely changes travels in a message of its own, and the components that use it refer to it by name: a small change
then never sends megabytes.

Nor does it copy and hash them: the server remembers for each session what it has sent, and from then on sends the name
alone. A browser that does not have it (a message was dropped as a run of the page was interrupted, or others have taken
its place) asks for it.
"""

from __future__ import annotations

import contextlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey

from dashboard.components.register import HIDDEN, component

_carrier = component("assets", Path(__file__).parent / "carrier.js", *HIDDEN)


SENT = "assets-sent"
"""In the session: the names of what its browser was sent."""


def ship(name: str, **parts: Any) -> str:
    """Send `parts` (bytes, or anything JSON-serialisable) under a name and return the name. Equal names mean equal
    content: everything that the content depends on belongs in the name."""
    sent: set[str] = st.session_state.setdefault(SENT, set())
    with contextlib.suppress(
        StreamlitDuplicateElementKey
    ):  # two parts of a page use the same asset: sending it once is enough
        _carrier(
            key=f"asset-{name}",
            data=_framed(name, None if name in sent else parts),
            on_missing_change=partial(sent.discard, name),
            width=1,
            height=1,
        )
        sent.add(name)
    return name


def _framed(name: str, parts: dict[str, Any] | None) -> bytes:
    """All parts in one binary message, because a component takes bytes only as its whole data. None: the browser has
    them."""
    if parts is None:
        head = json.dumps({"name": name, "parts": None, "blobs": {}}).encode()
        return len(head).to_bytes(4, "little") + head
    blobs, at = {}, 0
    for part, value in parts.items():
        if isinstance(value, bytes):
            blobs[part] = [at, at + len(value)]
            at += len(value)
    plain = {part: value for part, value in parts.items() if part not in blobs}
    head = json.dumps({"name": name, "parts": plain, "blobs": blobs}).encode()
    return b"".join([len(head).to_bytes(4, "little"), head, *(parts[part] for part in blobs)])
