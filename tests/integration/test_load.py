"""Many visitors at once, in short: a server that nobody has asked yet opens every page for all of them."""

from __future__ import annotations

import asyncio
import random
import time

from benchmarks.load import PAGES, Load, Visitor
from tests.helpers.asyncs import run
from tests.helpers.server import forked_server


async def visits(address: str, number: int) -> Load:
    load = Load(number, 0)
    now = time.monotonic()  # one page each
    await asyncio.gather(*(Visitor(address, random.Random(one), load, spread=0.0).visit(now) for one in range(number)))
    return load


def test_a_fresh_server_opens_pages_for_all_who_come_at_once(gallery, tmp_path, nursery):
    environment = {"AECORE_STORE": str(gallery.root), "AECORE_DEMO": "1", "AECORE_DATA": str(tmp_path / "data")}
    with forked_server(nursery, environment, tmp_path / "log") as address:
        load = run(visits(address, len(PAGES) + 2))
    assert not load.errors
    assert len(load.times) == len(PAGES) + 2
