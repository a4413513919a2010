"""Signing in with a token and out again: two forms that the browser posts, answered with a cookie.

The token is in the body of that one request; neither it nor what stands for it comes into an address or a log.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from aecore.access import Person, audit
from aecore.access import sessions as signed
from aecore.access.tokens import Access, check_name
from aecore.errors import AecoreError, UserError
from dashboard.server import people

IN, OUT = "/signin", "/signout"
PROBLEM = "signin"
"""The parameter in the address that says what was wrong: one of `PROBLEMS`."""
PROBLEMS = {
    "wrong": "This is not a token of this server.",
    "name": "Say your name too: this token is shared by several people.",
    "wait": "Too many attempts. Wait a minute, then try again.",
    "damaged": "The server's list of tokens cannot be read; tell the person who runs it.",
}
WINDOW_S, MOST_FROM_ONE, MOST_IN_ALL = 60, 10, 100
"""Failed attempts that are answered within a minute, from one address and from all together."""
MOST_BYTES = 4096


class Attempts:
    """Failed attempts of the last minute."""

    def __init__(self) -> None:
        self.failed: deque[tuple[float, str]] = deque()

    def too_many(self, address: str, *, alone: bool = False) -> bool:
        """Whether to hear nothing more from an address for now; `alone` counts only what came from there."""
        self._forget()
        in_all = 0 if alone else len(self.failed)
        return in_all >= MOST_IN_ALL or sum(one == address for _, one in self.failed) >= MOST_FROM_ONE

    def failed_from(self, address: str) -> None:
        self.failed.append((time.monotonic(), address))

    def _forget(self) -> None:
        while self.failed and self.failed[0][0] < time.monotonic() - WINDOW_S:
            self.failed.popleft()


attempts = Attempts()


async def answer(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """Answer a posted form: with a cookie and the page that was asked for, or with what was wrong."""
    request = Request(scope, receive)
    if not _from_here(request):
        response: Response = PlainTextResponse("This form was sent by another site", 403)
    elif int(request.headers.get("content-length") or MOST_BYTES + 1) > MOST_BYTES:
        response = PlainTextResponse("Too long", 413)
    else:
        form = {name: str(text) for name, text in (await request.form(max_files=0, max_fields=8)).items()}
        going_in = scope["path"].rstrip("/").endswith(IN)
        response = _sign_in(request, form) if going_in else _sign_out(request)
    await response(scope, receive, send)


def _sign_in(request: Request, form: dict[str, str]) -> Response:
    address = request.client.host if request.client else ""
    back = _own_address(form.get("next", ""))
    if attempts.too_many(address):
        return _back(back, "wait")
    try:
        access = people.access()
    except AecoreError:
        return _back(back, "damaged")
    token = access.matching(form.get("token", "")) if access else None
    if access is None or token is None:
        attempts.failed_from(address)
        audit.record(Person(role="none"), "signing in", refused=f"no such token, from {address}")
        return _back(back, "wrong")
    try:
        name = token.name or check_name(form.get("name", ""))
    except UserError:
        return _back(back, "name")
    audit.record(Person(name, token.role), "signing in", on=f"token {token.id}, from {address}")
    response = _back(back)
    _set_cookie(request, response, signed.begin(access, token, name), signed.HOURS * 3600)
    return response


def _sign_out(request: Request) -> Response:
    if access := _known():
        signed.end(access, request.cookies.get(people.COOKIE, ""))
    response = _back(_own_address(""))
    _set_cookie(request, response, "", 0)
    return response


def _known() -> Access | None:
    try:
        return people.access()
    except AecoreError:
        return None


def _back(address: str, problem: str = "") -> RedirectResponse:
    """To the page that was asked for, which says what was wrong."""
    if problem:
        address += ("&" if "?" in address else "?") + f"{PROBLEM}={problem}"
    return RedirectResponse(address, 303)


def _own_address(text: str) -> str:
    """An address of this app: a path below its own, never one of another site."""
    base = _base()
    split = urlsplit(text if text.isascii() and text.isprintable() and len(text) <= 2000 else "")
    inside = (split.path + "/").startswith(base.rstrip("/") + "/") and not split.path.startswith("//")
    if split.scheme or split.netloc or not inside or "\\" in text or ".." in split.path.split("/"):
        return base
    query = "&".join(part for part in split.query.split("&") if part and not part.startswith(f"{PROBLEM}="))
    return (split.path or base) + (f"?{query}" if query else "")


def _base() -> str:
    """The app's own path: / unless it is served under another."""
    return "/" + str(st.get_option("server.baseUrlPath") or "").strip("/")


def _from_here(request: Request) -> bool:
    """Whether a page of this very server sent the form."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _set_cookie(request: Request, response: Response, text: str, seconds: int) -> None:
    """Not readable by scripts, and sent to this server by its own pages only, but in a frame of another site, where
    `server.xsrfCookieSameSite` is "none" for the same reason."""
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    framed = str(st.get_option("server.xsrfCookieSameSite") or "").lower() == "none"
    response.set_cookie(
        people.COOKIE,
        text,
        max_age=seconds,
        path=_base(),
        httponly=True,
        secure=secure or framed,
        samesite="none" if framed else "strict",
    )
