"""Large data that browsers fetch by an address, beside the WebSocket: a browser reads megabytes from there several
times as fast, takes them from its cache when a page is loaded again, and the server's messages do not wait behind them.

An address has 128 bits of chance in it, and only a page whose visitor may see the data is told it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse, Response

PLACE = "_parcels/"
FEWEST_BYTES = 50_000
"""What is smaller travels in a message."""
MOST_BYTES = 64_000_000
"""So much is kept, of what was asked for last; what a browser does not find it asks for by its session."""


class Parcels:
    """What can be fetched, by address. Nothing before the server has doors: tests of pages have none."""

    def __init__(self) -> None:
        self.open = False
        self._kept: dict[str, bytes] = {}
        self._address: dict[str, str] = {}
        self._lock = threading.Lock()

    def address(self, name: str, make: Callable[[], bytes]) -> str:
        """Where the content of that name is, relative to the app; `make` is called where it is not kept. Equal names
        mean equal content."""
        with self._lock:
            address = self._address.get(name, "")
            content = self._kept.pop(address, None)
            if content is None:
                self._address.pop(name, None)
                content, address = make(), PLACE + secrets.token_urlsafe(16)
                self._address[name] = address
            self._kept[address] = content  # the last to be given up
            size = sum(map(len, self._kept.values()))
            while size > MOST_BYTES and len(self._kept) > 1:
                size -= len(self._kept.pop(next(iter(self._kept))))
            if len(self._address) > 2 * len(self._kept) + 100:
                self._address = {name: at for name, at in self._address.items() if at in self._kept}
        return address

    def at(self, path: str) -> bytes | None:
        """The content of the address with which a path ends; None if it is not kept."""
        with self._lock:  # `address` takes what it moves to the end out for a moment
            return self._kept.get(PLACE + path.rpartition(PLACE)[2])


parcels = Parcels()


async def answer(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Send the content. It is not compressed: weights and images hardly shrink, and that would take longer."""
    content = parcels.at(scope["path"])
    if content is None:
        response: Response = PlainTextResponse("Not Found", 404, {"Cache-Control": "no-store"})
    else:
        cached = {"Cache-Control": "private, max-age=86400, immutable"}
        response = Response(content, 200, cached, "application/octet-stream")
    await response(scope, receive, send)
