"""How a component of the app is put together from the files of its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit.components.v2 as components

import aecore.viewer
from aecore.viewer.link import link

_BASE = Path(aecore.viewer.__file__).with_name("base.css")

HIDDEN = "<span></span>", "\nspan { display: none; }\n"
"""Markup and style of a component that shows nothing."""


def component(name: str, script: Path, html: str | None = None, css: str | None = None, isolated: bool = True) -> Any:
    """Register the component `name`, and return what mounts it.

    `script` is the entry, with the `export default` that Streamlit calls; it is linked with all that it imports. Markup
    and style are the `component.html` and `component.css` beside it unless they are given. The rules that all
    components share go before the style, for a root of the class `ae`. One that is not `isolated` is part of the page,
    and the page's own rules apply to it.
    """
    folder = script.parent
    return components.component(
        name,
        html=(folder / "component.html").read_text() if html is None else html,
        css=_BASE.read_text() + (folder / "component.css").read_text() if css is None else css,
        js=link(script),
        isolate_styles=isolated,
    )
