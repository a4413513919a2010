"""Brings an open page back after a restart of the server."""

from __future__ import annotations

from pathlib import Path

from dashboard.components.register import HIDDEN, component

_watch = component("reconnect", Path(__file__).parent / "component.js", *HIDDEN)


def watch_connection() -> None:
    """Let the browser ask for the whole page once the server can be reached again.

    A restarted server knows nothing of the page's fragments: without this, widgets would move and nothing would
    change. The browser sends what was chosen in all widgets along.
    """
    _watch(key="asset-reconnect", on_back_change=lambda: None, width=1, height=1)
