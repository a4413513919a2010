"""The browser's part of the address: what components write into it, and what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dashboard.components.register import HIDDEN, component

_whole = component("whole-address", Path(__file__).with_name("component.js"), *HIDDEN)


def tell_whole_address(page: str, settings: Mapping[str, str]) -> None:
    """Let the browser know all parameters of the page, also those that its address leaves out as long as the page is as
    it was opened."""
    _whole(key=f"asset-address-{page}", data=dict(settings), width=1, height=1)
