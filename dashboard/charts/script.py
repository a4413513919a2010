"""Plotly's script for the browser: taken from the installed package, served by the app, prefetched when a page is idle.

It is 4.8 MB. Served as a file of its own, it is downloaded and compiled once; a component that contained it would send
it on every visit. The app's folder `static/` holds a copy, made when first needed; it is not in git.
"""

from __future__ import annotations

import contextlib
import hashlib
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from aecore.files import atomic_write
from dashboard.components.register import HIDDEN, component

FOLDER = Path(__file__).parents[2] / "static"
"""What Streamlit serves under app/static/ (`server.enableStaticServing`)."""

_prefetch = component("plotly-prefetch", Path(__file__).parent / "plotly" / "prefetch.js", *HIDDEN)


@cache
def script_url() -> str:
    """The script's URL relative to the app. Writes the file if it is missing or from another version of the package."""
    source = Path(str(resources.files("plotly"))) / "package_data" / "plotly.min.js"
    content = source.read_bytes()
    # The name contains version and hash: another version of plotly is another file, which no browser has cached.
    name = f"plotly-{metadata.version('plotly')}-{hashlib.sha256(content).hexdigest()[:8]}.min.js"
    target = FOLDER / name
    if not target.is_file() or target.stat().st_size != len(content):
        FOLDER.mkdir(exist_ok=True)
        atomic_write(target, content)
        for old in FOLDER.glob("plotly-*.min.js"):
            if old.name != name:
                with contextlib.suppress(OSError):
                    old.unlink()
    return f"app/static/{name}"


def prefetch(now: bool = False) -> None:
    """Let the browser fetch the script: `now` on a page with a chart, else when the page is idle."""
    _prefetch(key=f"asset-plotly-{'now' if now else 'idle'}", data={"url": script_url(), "now": now}, width=1, height=1)
