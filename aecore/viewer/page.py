"""Pages that open without a server: a document, the places of the app's components in it, and the scripts that fill
them.

A component is the app's own (`components/`): its script is linked with `components/page/host.js`, which gives it a
shadow root, its markup and style, and its data. Data and assets are scripts too, in the page or in files beside it: a
page that is opened as a file may load nothing else.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aecore.viewer.link import link
from aecore.viewer.payloads import as_json, name_of, script_of
from aecore.viewer.views import TITLES, View

_HERE = Path(__file__).parent
_COMPONENTS = _HERE / "components"
_CHOICES = '<div class="ae pg-choices"></div>\n'
_NOTE = '<div class="ae"><p class="pg-note" aria-live="polite"></p></div>\n'

_VIEW_PLACE = """[data-view] { display: block; min-height: 120px; }
[data-view]:not([data-shown])::before { content: "Loading …"; font-size: 13px; opacity: 0.72; }
[data-view="latent"]:not([data-shown]) { min-height: 640px; }
"""


def theme() -> str:
    """The colours and the font, as a style sheet."""
    return (_HERE / "theme.css").read_text()


@cache
def script(*kinds: str) -> str:
    """The components of these kinds of views, by default of all, and what puts them into a page."""
    views = {kind: {"html": _markup(kind), "css": _style(kind)} for kind in kinds or TITLES}
    linked = link(_COMPONENTS / "page" / "host.js")
    return f'(() => {{\n"use strict";\nglobalThis.aecoreViews = {as_json(views)};\n{linked}\n}})();\n'


def _markup(kind: str) -> str:
    if kind == "latent":
        return (_HERE / "cloud.html").read_text()
    if kind == "loss":
        return (_COMPONENTS / "page" / "loss.html").read_text()
    markup = (_component(kind) / "component.html").read_text()
    before = _CHOICES if kind in ("interpolate", "generate") else ""
    return before + markup + (_NOTE if kind == "generate" else "")


def _style(kind: str) -> str:
    own = _HERE / "cloud.css" if kind == "latent" else _component(kind) / "component.css"
    return "".join(file.read_text() for file in (_HERE / "base.css", own, _COMPONENTS / "page" / "page.css"))


def _component(kind: str) -> Path:
    folders = {
        "loss": "replayer",
        "replay": "replayer",
        "denoise": "restorer",
        "interpolate": "interpolator",
        "generate": "generator",
    }
    return _COMPONENTS / folders[kind]


def place(view: View) -> str:
    """The place of a view in a page."""
    return (
        f'<div data-view="{view.kind}"></div>\n<noscript>This part needs JavaScript.</noscript>\n'
        "<p data-failed hidden>This part could not be loaded.</p>\n"
    )


def payloads(views: Iterable[View]) -> dict[str, Mapping[str, Any]]:
    """What these views are given, by name: data and assets. Equal names mean equal content."""
    found: dict[str, Mapping[str, Any]] = {}
    for view in views:
        found[name_of(view.kind, view.data)] = view.data
        found |= view.assets
    return found


def view_page(title: str, view: View) -> str:
    """A page of one view alone, with everything in it."""
    scripts = [*(script_of(name, content) for name, content in payloads([view]).items()), script(view.kind)]
    end = "\n".join(f"<script>\n{text}</script>" for text in scripts)
    return document(title, place(view), views=[view], style="body { margin: 8px; }\n", end=end)


def document(
    title: str,
    body: str,
    *,
    views: Iterable[View] = (),
    folder: str = "",
    style: str = "",
    end: str,
    icon: str = "data:,",
) -> str:
    """A page. `body` and `style` are markup and rules, `end` the script elements at its end, `icon` an address;
    payloads that no element holds are in `folder`, an address with a slash at its end."""
    content = {
        "views": [
            {"kind": view.kind, "data": name_of(view.kind, view.data), "assets": list(view.assets)} for view in views
        ],
        "folder": folder,
    }
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<link rel="icon" href="{html.escape(icon)}">
<style>
{theme()}{_VIEW_PLACE}{style}</style>
</head>
<body>
{body}
<script type="application/json" id="content">{as_json(content)}</script>
{end}
</body>
</html>
"""
