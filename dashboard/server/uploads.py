"""How much visitors may upload: only sessions whose page has an uploader, and of these only so much.

Streamlit keeps what is uploaded in memory for as long as the session lives, and takes it from any session.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import psutil
import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from aecore import access

MB = 1 << 20
FILES = 3
"""So many times the largest file may a session hold: one to replace another while a third is being read."""
VISITORS_MB = 256
"""What the sessions of visitors of a demo may hold together; of others, half of the machine's free memory."""

_allowed: dict[str, int] = {}
"""Bytes that a session may hold, of sessions with an uploader."""
_arriving: dict[str, int] = {}
"""Bytes that are being sent."""
_expected: dict[str, dict[str, float]] = {}
"""Files of a session that its browser is about to send, and when it said so."""
PATIENCE_S = 60.0
"""So long a file may be announced before nobody expects it any more."""
MOST_EXPECTED = 100
"""Of a session: whoever announces files without end is not remembered without end."""


def file_uploader(label: str, kinds: Sequence[str] | None, *, max_upload_size: int, **options: Any) -> Any:
    """`st.file_uploader` for files of at most `max_upload_size` MB; from now on the session may upload them."""
    context = get_script_run_ctx(suppress_warning=True)
    if context:
        size = FILES * max_upload_size * MB
        _allowed[context.session_id] = max(size, _allowed.get(context.session_id, 0))
        _listen()
    given = st.file_uploader(label, kinds, max_upload_size=max_upload_size, **options)
    if context:
        for file in given if isinstance(given, list) else [given]:
            if file is not None:
                over(context.session_id, file.file_id)
    return given


def on_its_way() -> bool:
    """Whether a file has been chosen in this session that no widget has yet.

    The browser shows its name already, while the widget still holds the file before it, and a click is meant for what
    is shown. Both the choice and the click come over the same connection, in this order.
    """
    context = get_script_run_ctx(suppress_warning=True)
    expected = _expected.get(context.session_id, {}) if context else {}
    return any(time.monotonic() - asked < PATIENCE_S for asked in expected.values())


def over(session: str, file: str) -> None:
    """A file is no longer expected: it is with its widget, was refused or given up."""
    if expected := _expected.get(session):
        expected.pop(file, None)
        if not expected:
            _expected.pop(session, None)


def _listen() -> None:
    """Hear of every file that a browser is about to send: it asks for an address first."""
    manager = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    if manager is None or hasattr(manager, "_heard"):
        return
    give = manager.get_upload_urls

    def get_upload_urls(session: str, names: Sequence[str]) -> Any:
        addresses, now = give(session, names), time.monotonic()
        expected = _expected.setdefault(session, {})
        expected.update((address.file_id, now) for address in addresses)
        late = [file for file, asked in expected.items() if now - asked > PATIENCE_S]
        for file in {*late, *list(expected)[:-MOST_EXPECTED]}:
            del expected[file]
        return addresses

    manager.get_upload_urls = get_upload_urls  # type: ignore[method-assign]
    manager._heard = True  # type: ignore[attr-defined]


def admit(session: str, size: int) -> str:
    """Let a session send a file of so many bytes, or say why not. `done` is to be called at its end."""
    kept = _kept()
    for gone in _allowed.keys() - kept.keys():
        if not Runtime.instance().is_active_session(gone):
            _allowed.pop(gone, None)
            _expected.pop(gone, None)
    if session not in _allowed:
        return "this page takes no files"
    if kept.get(session, 0) + _arriving.get(session, 0) + size > _allowed[session]:
        return "this page holds as many files as it may; reload it to begin anew"
    if sum(kept.values()) + sum(_arriving.values()) + size > _most_in_all():
        return "the server holds as many files as it may; try again in a few minutes"
    _arriving[session] = _arriving.get(session, 0) + size
    return ""


def done(session: str, size: int, file: str) -> None:
    """The file has arrived, or its sender has gone."""
    if not Runtime.instance().uploaded_file_mgr.get_files(session, [file]):
        over(session, file)
    left = _arriving.get(session, 0) - size
    if left > 0:
        _arriving[session] = left
    else:
        _arriving.pop(session, None)


def _most_in_all() -> int:
    return VISITORS_MB * MB if access.demo_visitor() else psutil.virtual_memory().available // 2


def _kept() -> dict[str, int]:
    """Bytes that each session holds."""
    manager = Runtime.instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):
        return {}
    return {
        session: sum(len(file.data) for file in list(files.values()))
        for session, files in list(manager.file_storage.items())
    }
