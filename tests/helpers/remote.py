"""The endpoint that takes runs, served in the test's own process as the app serves it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from aecore.remote import own
from aecore.remote.connection import Connection
from aecore.remote.mirror import Mirror
from aecore.remote.server import Server
from aecore.runs.run import Run
from dashboard.server import remote
from tests.helpers.processes import wait_for
from tests.helpers.server import free_port

TOKEN = "a-token-for-the-tests"
Fails = Callable[[int], str]
"""What becomes of the request of that number: `lost`, `unanswered`, or with any other text it is answered."""


@contextlib.contextmanager
def receiving(port: int = 0, fails: Fails = lambda number: "") -> Iterator[Server]:
    """A server that keeps runs in the default store."""
    port = port or free_port()
    endpoint, count = Starlette(routes=remote.routes_for(TOKEN)), iter(range(1 << 30))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        fate = fails(next(count)) if scope["type"] == "http" else ""

        async def swallow(message: Any) -> None:
            pass

        if fate != "lost":
            await endpoint(scope, receive, swallow if fate == "unanswered" else send)
        if fate in ("lost", "unanswered"):  # as a proxy answers for a server that has gone
            await send({"type": "http.response.start", "status": 502, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

    options = uvicorn.Config(app, port=port, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    served = uvicorn.Server(options)
    listening = options.bind_socket()
    thread = threading.Thread(target=served.run, args=([listening],), daemon=True)
    thread.start()
    wait_for(lambda: served.started, 20)
    try:
        yield Server(f"http://127.0.0.1:{port}", TOKEN)
    finally:
        served.should_exit = True
        thread.join(20)
        listening.close()


def ask(to: Server, run: Run | None, method: str, path: str, body: Any = b"", **query: Any) -> Mapping[str, Any]:
    """One request, with the key of a run or that of nobody."""
    connection = Connection(to, own.key_of(run) if run else "0" * 64)
    try:
        return connection.ask(method, path, body, **query)
    finally:
        connection.close()


def sent(run: Run, to: Server, live: bool = False) -> Mirror:
    """All that there is of a run, sent."""
    mirror = Mirror(run, to, live=live)
    try:
        while not mirror.look():
            pass
    finally:
        mirror.close()
    return mirror


OTHER = {"status.json", "sums.json"}
"""What is made anew on a server."""


def files_of(run: Run) -> dict[str, bytes]:
    """The files of the format that a run and its copy on a server have in common, by name."""
    found: dict[str, bytes] = {}
    for path in sorted(run.path.rglob("*")):
        name = str(path.relative_to(run.path))
        if path.is_file() and not Path(name).name.startswith(".") and name not in OTHER:
            found[name] = path.read_bytes()
    return found
