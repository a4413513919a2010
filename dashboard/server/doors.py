"""The doors of the server: which requests get in besides the pages, and what every answer tells the browser."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse, RedirectResponse

from dashboard.server import parcels, sign_in, uploads, warm

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FRAMES = "'self' https://huggingface.co https://*.hf.space https://*.streamlit.app"
"""The sites that may show the app in a frame, unless `AECORE_FRAMES` names others."""

RENAMED = {"denoise": "restore"}
"""Pages by the names that they had in older versions, whose addresses still lead there."""


def policy() -> str:
    """The content security policy: whatever a run's files may hold, a page loads nothing from elsewhere.

    Streamlit compiles the scripts of components in the page, and Plotly's shaders, so scripts may be written there.
    """
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' ws: wss: data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {os.environ.get('AECORE_FRAMES') or FRAMES}",
        )
    )


class Pages:
    """How many pages are open in browsers, each with a WebSocket."""

    def __init__(self) -> None:
        self.number = 0

    def opened(self) -> None:
        self.number += 1

    def closed(self) -> None:
        self.number -= 1


pages = Pages()


class Doors:
    """The outermost layer of the app: it closes some of Streamlit's doors, opens those for signing in, and adds headers
    to every answer."""

    def __init__(self, app: App) -> None:
        self.app = app
        parcels.parcels.open = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            pages.opened()
            try:
                await warm.ready()
                await self.app(scope, receive, send)
            finally:
                pages.closed()
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", ())}
                added = [(name, value) for name, value in _headers() if name not in present]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        path = scope["path"].rstrip("/")
        if path.endswith("/_stcore/metrics"):
            await PlainTextResponse("Not Found", 404)(scope, receive, with_headers)
        elif f"/{parcels.PLACE}" in path and scope["method"] in ("GET", "HEAD"):
            await parcels.answer(scope, receive, with_headers)
        elif path.endswith((sign_in.IN, sign_in.OUT)) and scope["method"] == "POST":
            await sign_in.answer(scope, receive, with_headers)
        elif scope["method"] == "PUT" and "/_stcore/upload_file/" in path:
            await self._upload(scope, receive, with_headers)
        elif scope["method"] in ("GET", "HEAD") and (name := RENAMED.get(path.rpartition("/")[2])):
            await RedirectResponse(_moved(scope, name), 307)(scope, receive, with_headers)
        else:
            await self.app(scope, receive, with_headers)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        session, _, file = scope["path"].partition("/_stcore/upload_file/")[2].rstrip("/").partition("/")
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            uploads.over(session, file)
            await PlainTextResponse("The length of the file is missing", 411)(scope, receive, send)
            return
        size = int(length)
        if refusal := uploads.admit(session, size):
            uploads.over(session, file)
            await PlainTextResponse(refusal, 413)(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            uploads.done(session, size, file)


def _moved(scope: Scope, name: str) -> str:
    """The address of the page `name` beside the one that is asked for, with the same parameters."""
    query = scope["query_string"].decode("ascii", "ignore")
    return ("../" if scope["path"].endswith("/") else "") + name + (f"?{query}" if query else "")


def _headers() -> list[tuple[bytes, bytes]]:
    return [
        (b"content-security-policy", policy().encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]
