"""What the browser does for a running lesson: its bar is a landmark, and the address names its step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dashboard.components.register import HIDDEN, component

_lesson = component("lesson", Path(__file__).with_name("component.js"), *HIDDEN)


def keep_lesson(page: str, label: str, carried: Mapping[str, str]) -> None:
    """Make the container around it a landmark of that name, and write `carried` into an address of the `page` that
    lacks it, in place: an entry in the history would lead back to the page itself."""
    _lesson(key="asset-lesson", data={"page": page, "label": label, "carried": dict(carried)}, width=1, height=1)
