"""Restoring images while a hand moves the strength of the corruption: noise, networks and scores in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.components.register import shared_component

_component = shared_component("restorer", "restorer")


def restorer(data: Mapping[str, Any], *, key: str) -> None:
    """Show what `restoration_data` has made; the browser writes the place into the address."""
    _component(key=key, data=dict(data), width="stretch", height="content")
