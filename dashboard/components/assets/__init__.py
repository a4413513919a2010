"""Sending large data to the browser once.

Streamlit sends a whole message again whenever anything in it changes, else only its hash. So data that is large and
rarely changes travels in a message of its own, and the components that use it refer to it by name: a small change
then never sends megabytes. What is very large is not in the message either, but where the browser can fetch it
(`dashboard.server.parcels`).

Nor does it copy and hash them: the server remembers for each session what it has sent, and from then on sends the name
alone. A browser that does not have it (a message was dropped as a run of the page was interrupted, others have taken
its place, or a proxy lets nothing be fetched) asks for it, and is sent it.
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
from dashboard.server.parcels import FEWEST_BYTES, parcels

_carrier = component("assets", Path(__file__).parent / "carrier.js", *HIDDEN)


SENT = "assets-sent"
"""In the session: the names of what its browser was sent."""
UNFETCHED = "assets-unfetched"
"""In the session: the names of what its browser could not fetch."""


def ship(name: str, **parts: Any) -> str:
    """Send `parts` (bytes, or anything JSON-serialisable) under a name and return the name. Equal names mean equal
    content: everything that the content depends on belongs in the name."""
    sent: set[str] = st.session_state.setdefault(SENT, set())
    with contextlib.suppress(
        StreamlitDuplicateElementKey
    ):  # two parts of a page use the same asset: sending it once is enough
        address = _address(name, parts)
        _carrier(
            key=f"asset-{name}",
            data=_head(name, address) if address or name in sent else _framed(name, parts),
            on_missing_change=partial(_missing, name),
            width=1,
            height=1,
        )
        if not address:
            sent.add(name)
    return name


def _missing(name: str) -> None:
    st.session_state.setdefault(SENT, set()).discard(name)
    st.session_state.setdefault(UNFETCHED, set()).add(name)


def _address(name: str, parts: dict[str, Any]) -> str:
    """Where the browser can fetch it; empty for what it is sent in a message."""
    size = sum(len(value) for value in parts.values() if isinstance(value, bytes))
    if size < FEWEST_BYTES or not parcels.open or name in st.session_state.get(UNFETCHED, ()):
        return ""
    return parcels.address(name, lambda: _framed(name, parts))


def _head(name: str, address: str) -> bytes:
    """The name of what the browser has, or can fetch at that address."""
    head = json.dumps({"name": name, "parts": None, "blobs": {}, "at": address}).encode()
    return len(head).to_bytes(4, "little") + head


def _framed(name: str, parts: dict[str, Any]) -> bytes:
    """All parts in one binary message, because a component takes bytes only as its whole data."""
    blobs, at = {}, 0
    for part, value in parts.items():
        if isinstance(value, bytes):
            blobs[part] = [at, at + len(value)]
            at += len(value)
    plain = {part: value for part, value in parts.items() if part not in blobs}
    head = json.dumps({"name": name, "parts": plain, "blobs": blobs}).encode()
    return b"".join([len(head).to_bytes(4, "little"), head, *(parts[part] for part in blobs)])
