"""Who is at work in a session: by their login, by the token that they signed in with, as a visitor of a demo, or, where
the server has neither, everybody as the owner."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from aecore.access import NOBODY, ROLES, Person, demo_visitor
from aecore.access.person import of_process
from aecore.access.place import ACCESS, store_root
from aecore.access.sessions import person_of
from aecore.access.tokens import Access, read_access
from aecore.errors import DamagedError

SECRETS_S = 5
"""How long what was read of the secrets counts: Streamlit looks for its files at every access."""
R = TypeVar("R")
_asked_by: ContextVar[Person | None] = ContextVar("asked_by", default=None)
COOKIE = "aecore_session"
"""Holds what `aecore.access.sessions` signed; scripts of the page cannot read it."""


def person() -> Person:
    """Who is at work in this thread. Outside of a session that is nobody on a server that has accounts."""
    if (asked := _asked_by.get()) is not None:
        return asked
    if get_script_run_ctx(suppress_warning=True) is None:
        return NOBODY if runtime.exists() and is_guarded() else of_process()
    return _logged_in() or with_cookie(st.context.cookies.get(COOKIE, "")) or stranger()


def for_whoever_asks(make: Callable[[], R]) -> Callable[[], R]:
    """`make`, for a download: the server calls it later in a thread without a session, and it works for the person who
    is at work now."""
    asking = person()

    def made() -> R:
        token = _asked_by.set(asking)
        try:
            return make()
        finally:
            _asked_by.reset(token)

    return made


def stranger() -> Person:
    """Somebody who has not signed in."""
    return demo_visitor() or (NOBODY if is_guarded() else of_process())


def is_guarded() -> bool:
    """Whether this server has accounts: tokens, or a login."""
    return os.path.lexists(store_root() / ACCESS) or has_login()


def access() -> Access | None:
    """The tokens of the store, read again when they change. Raises `DamagedError`."""
    path = store_root() / ACCESS
    try:
        found = path.stat()
    except OSError:
        return None
    return _read((found.st_mtime_ns, found.st_size, found.st_ino), str(path))


def with_cookie(text: str) -> Person | None:
    """The person who signed in with a token; None for one who did not."""
    try:
        known = access() if text else None
    except DamagedError:
        return None
    found = person_of(known, text) if known else NOBODY
    return None if found == NOBODY else found


def has_login() -> bool:
    """Whether `.streamlit/secrets.toml` sets up a login ([auth])."""
    return bool(_secrets("auth"))


def _logged_in() -> Person | None:
    if not has_login() or not st.user.is_logged_in:
        return None
    return of_login(st.user.to_dict())


def of_login(user: Mapping[str, Any]) -> Person:
    """The person with these claims of the login's provider, with the role that [roles] gives to their address.

    An address that the provider calls unverified counts for nothing.
    """
    email = str(user.get("email") or "").strip().lower()
    if not email or user.get("email_verified") is False:
        return NOBODY
    roles = _secrets("roles")
    for role in reversed(ROLES[1:]):
        for pattern in map(str, roles.get(role, ())):
            wanted = pattern.strip().lower()
            if wanted in ("*", email) or (wanted.startswith("@") and email.endswith(wanted)):
                return Person(email, role)
    return NOBODY


def _secrets(section: str) -> Mapping[str, Any]:
    return _secrets_at(section, int(time.monotonic() / SECRETS_S))


@lru_cache(8)
def _secrets_at(section: str, moment: int) -> Mapping[str, Any]:
    try:
        found = st.secrets.get(section)
    except (StreamlitSecretNotFoundError, FileNotFoundError):
        return {}
    return found if isinstance(found, Mapping) else {}


@lru_cache(4)
def _read(stamp: tuple[int, ...], path: str) -> Access | None:
    return read_access()
