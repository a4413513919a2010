"""The end of a heading's line: a switch of the theme, and a button that copies the page's address."""

from __future__ import annotations

from pathlib import Path

from dashboard.components.register import component

_tools = component("page-tools", Path(__file__).with_name("component.js"))


def page_tools() -> None:
    """Show both. All happens in the browser; another theme lets the page run again, for what the server colours."""
    _tools(key="page-tools", on_theme_change=lambda: None, width="content", height="content")
