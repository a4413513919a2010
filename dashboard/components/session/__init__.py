"""What the browser does for an open page: it comes back after a restart, and its address names its run."""

from __future__ import annotations

from pathlib import Path

from dashboard.components.register import HIDDEN, component

_session = component("session", Path(__file__).parent / "component.js", *HIDDEN)


def keep_session(page: str, run: str) -> None:
    """Let the browser ask for the whole page once the server can be reached again, and write `run`, if it is not empty,
    into an address that names none; it is looked at anew on another `page`.

    A restarted server knows nothing of the page's fragments: without this, widgets would move and nothing would
    change. The browser sends what was chosen in all widgets along. The address is changed in place: an entry in the
    history would lead back to the page itself.
    """
    _session(key="asset-session", data={"page": page, "run": run}, on_back_change=lambda: None, width=1, height=1)
