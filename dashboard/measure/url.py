"""The Measure page's state in its address; the views of its charts are the browser's."""

from __future__ import annotations

from dashboard.url_state import Field

PAGE = "measure"
MOST = 6
"""Runs side by side."""


def ids_of(text: str) -> list[str]:
    """The ids of the runs in an address, no more than can be shown."""
    return list(dict.fromkeys(name for name in text.split(",") if name))[:MOST]


FIELDS = {"run": Field("", lambda text: ",".join(ids_of(text)))}
