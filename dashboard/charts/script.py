"""Plotly's script for the browser: from the installed package, served by the app, prefetched when a page is idle.

It is 4.8 MB. As a separate file it is downloaded and compiled once; a component that contained it would send it on
every visit. The app's folder `static/` has a copy, made when first needed; it is not in git.
"""

from __future__ import annotations

import contextlib
import hashlib
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import streamlit.components.v2 as components
from streamlit.errors import StreamlitDuplicateElementKey

from aecore.files import atomic_write
from dashboard.components.register import HIDDEN, component

FOLDER = Path(__file__).parents[2] / "static"
"""What Streamlit serves under app/static/ (`server.enableStaticServing`)."""

_prefetch = component("plotly-prefetch", Path(__file__).parent / "plotly" / "prefetch.js", *HIDDEN)


@cache
def script_url() -> str:
    """The script's URL relative to the app; copies the script there if it is missing or outdated.

    Empty if the app's folder is read-only: the script is then sent in a component of its own.
    """
    content = _source().read_bytes()
    # The name contains version and hash: another version of plotly is another file, which no browser has cached.
    name = f"plotly-{metadata.version('plotly')}-{hashlib.sha256(content).hexdigest()[:8]}.min.js"
    target = FOLDER / name
    try:
        if not target.is_file() or target.stat().st_size != len(content):
            FOLDER.mkdir(exist_ok=True)
            atomic_write(target, content)
            for old in FOLDER.glob("plotly-*.min.js"):
                if old.name != name:
                    old.unlink(missing_ok=True)
    except OSError:
        return ""
    return f"app/static/{name}"


def prefetch(now: bool = False) -> None:
    """Let the browser fetch the script: `now` on a page with a chart, else when the page is idle."""
    if url := script_url():
        _prefetch(key=f"asset-plotly-{'now' if now else 'idle'}", data={"url": url, "now": now}, width=1, height=1)


def ensure_script() -> str:
    """The script's URL for a chart. If there is none, the script is sent here, once per page."""
    url = script_url()
    if not url:
        with contextlib.suppress(StreamlitDuplicateElementKey):  # another chart on the page has sent it
            _inline()(key="asset-plotly-inline", width=1, height=1)
    return url


def _source() -> Path:
    return Path(str(resources.files("plotly"))) / "package_data" / "plotly.min.js"


@cache
def _inline() -> Any:
    script = f"{_source().read_text()}\nexport default () => {{}};\n"
    return components.component("plotly-inline", html=HIDDEN[0], css=HIDDEN[1], js=script)
