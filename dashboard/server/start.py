"""What the server does as it starts: it says what is open to whom, and tidies up now and then while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from aecore.access import demo_visitor, limits_of, resolve_with
from aecore.access.person import Person
from aecore.access.tokens import read_access
from aecore.errors import AecoreError
from aecore.remote.server import SERVED_TOKEN, checked_token
from dashboard.format import plain
from dashboard.server import people, warm
from dashboard.server.doors import Doors, pages
from dashboard.server.worker import end_idle_workers, use_workers

STORE_S, MEMORY_S = 900, 30
"""How often it looks at the store, and at its memory."""
GIVE_BACK_AT = (1, 5, 9)
"""After how many looks without an open page memory is given back: Streamlit keeps a session that was left for two
minutes, in case its browser comes back."""
LOCAL = ("127.0.0.1", "localhost", "::1")
_takes_runs: list[str] = []
"""The address at which this server takes runs of other machines, if it does."""


def routes() -> list[BaseRoute]:
    """The endpoint for runs of other machines; none without a token, which is taken out of the environment, so that no
    process which the server starts has it."""
    text = os.environ.pop(SERVED_TOKEN, "")
    if not text:
        return []
    try:
        token = checked_token(text, SERVED_TOKEN)
    except AecoreError as error:
        print(f"Runs of other machines are not taken: {error}", file=sys.stderr, flush=True)
        return []
    from dashboard.server.remote import routes_for  # and what stores runs, which the server otherwise imports later

    found = routes_for(token)
    _takes_runs[:] = [found[0].path]
    return [*found]


def layers() -> list[Middleware]:
    return [Middleware(Doors)]


@contextlib.asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    resolve_with(people.person)
    use_workers()
    warm.begin()
    for line in what_is_open():
        print(line, file=sys.stderr, flush=True)
    tidying = asyncio.create_task(_tidy())
    try:
        yield
    finally:
        tidying.cancel()


def what_is_open() -> list[str]:
    """Lines about what strangers may do here, and what is set up in vain."""
    lines = []
    try:
        limits_of(Person("", "train"))
    except AecoreError as error:
        lines.append(f"{error}; nobody with the role 'train' can start anything until it is right")
    try:
        known = read_access()
    except AecoreError as error:
        lines.append(str(error))
        known = None
    if known is not None and not known.tokens and not people.has_login():
        lines.append("access.json has no tokens, so nobody can sign in: python -m aecore tokens new manage")
    if _takes_runs:
        lines.append(f"Runs of other machines are taken at {_takes_runs[-1]} from whoever shows the token.")
    if people.is_guarded() or demo_visitor():
        return lines
    address = str(st.get_option("server.address") or "0.0.0.0")
    if address not in LOCAL:
        lines.append(
            f"The app listens on {address} and has no accounts: everybody who reaches it may train, delete runs and "
            "open images by their path. `python -m aecore tokens new manage` lets people sign in, AECORE_DEMO=1 lets "
            "them only look (docs/hosting.md)."
        )
    return lines


def say(error: Exception) -> bool:
    """Show an error that the user is told about in one line, wherever in a page it was raised."""
    if isinstance(error, AecoreError):
        st.error(plain(str(error)), icon=":material/broken_image:")
    return isinstance(error, AecoreError)


async def _tidy() -> None:
    """Remove what visitors left behind, in the store and in memory, for as long as the server runs."""
    await warm.ready()
    from aecore.jobs.quota import remove_expired

    due, without_pages = 0.0, 0
    while True:
        if time.monotonic() >= due:
            due = time.monotonic() + STORE_S
            with contextlib.suppress(AecoreError, OSError):
                await asyncio.to_thread(remove_expired)
        await asyncio.to_thread(end_idle_workers, pages.number)
        without_pages = 0 if pages.number else without_pages + 1
        if without_pages in GIVE_BACK_AT:
            await asyncio.to_thread(_give_back)
        await asyncio.sleep(MEMORY_S)


def _give_back() -> None:
    """Free what sessions that have ended held, and give free memory back to the system, where it can be told to."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # not with the C library of GNU
        ctypes.CDLL(None).malloc_trim(0)
