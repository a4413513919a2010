"""What a session needs is imported while the server answers; sessions wait at the door."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from dashboard.server import doors, start, warm, worker
from tests.helpers import asyncs


async def _inner(scope, receive, send):
    await send({"type": scope["type"]})


async def _asked(kind: str) -> None:
    """Wait until the app behind the doors has answered a request of this kind."""
    done = asyncio.Event()

    async def send(message):
        done.set()

    async def receive():
        raise AssertionError("nobody asks for more")

    await doors.Doors(_inner)({"type": kind, "path": "/_stcore/health", "method": "GET"}, receive, send)
    assert done.is_set()


def test_requests_are_answered_before_all_is_imported_and_sessions_wait(monkeypatch, store):
    go_on, told = threading.Event(), []

    def slow(name: str) -> None:
        told.append(name)
        assert go_on.wait(60)

    monkeypatch.setattr(warm, "import_module", slow)
    monkeypatch.setattr(worker, "_server", threading.Event())  # what starts here is no server for later tests

    async def served() -> None:
        async with start.lifespan(None):
            await _asked("http")
            session = asyncio.create_task(_asked("websocket"))
            for _ in range(50):
                await asyncio.sleep(0.01)
            assert not session.done()
            go_on.set()
            await asyncio.wait_for(session, 60)

    asyncs.run(served())
    assert told == list(warm.NEEDED)


def test_full_collections_leave_alone_what_was_imported(monkeypatch):
    did = []
    monkeypatch.setattr(warm, "NEEDED", ("colorsys",))
    monkeypatch.setattr(warm, "import_module", did.append)
    monkeypatch.setattr(warm.gc, "freeze", lambda: did.append("freeze"))
    warm._import()
    assert did == ["colorsys", "freeze"]


def test_what_cannot_be_imported_is_left_to_the_session(monkeypatch):
    monkeypatch.setattr(warm, "NEEDED", ("no_such_module", "colorsys"))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)

    async def served() -> None:
        warm.begin()
        await warm.ready()

    asyncs.run(served())
    assert "colorsys" in sys.modules


@pytest.fixture(autouse=True)
def _cold(monkeypatch):
    monkeypatch.setattr(warm, "_imports", [])
