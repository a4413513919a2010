"""Builds a component of the app from the files in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit.components.v2 as components

import aecore.viewer
from aecore.viewer.link import link

_VIEWER = Path(aecore.viewer.__file__).parent

HIDDEN = "<span></span>", "\nspan { display: none; }\n"
"""Markup and style of a component that shows nothing."""


def component(name: str, script: Path, html: str | None = None, css: str | None = None, isolated: bool = True) -> Any:
    """Register the component `name` and return the function that mounts it.

    `script` is the entry point, with the `export default` that Streamlit calls; it is linked with everything it
    imports. Markup and style default to the `component.html` and `component.css` next to it. The rules shared by all
    components come before the style, for a root element of class `ae`. A component that is not `isolated` is part of
    the page, and the page's own rules apply to it.
    """
    folder = script.parent
    return components.component(
        name,
        html=(folder / "component.html").read_text() if html is None else html,
        css=(_VIEWER / "base.css").read_text() + (folder / "component.css").read_text() if css is None else css,
        js=link(script),
        isolate_styles=isolated,
    )


def shared_style(folder: str) -> str:
    """The style sheet of such a component, for another that has parts of it."""
    return (_VIEWER / "components" / folder / "component.css").read_text()


def shared_component(name: str, folder: str) -> Any:
    """A component that pages without a server have too: its files are in `aecore/viewer/components/`."""
    return component(name, _VIEWER / "components" / folder / "component.js")
