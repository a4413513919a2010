"""Many visitors at once: `python -m benchmarks.load [--visitors 60 100] [--quick] [--json FILE]`.

Starts the app as a public demo and lets visitors speak to it as a browser does: each opens a page in a session of its
own, fetches the images that it was sent, reads for a while, and opens another. What is timed is from asking for a page
to the end of its script. Server and visitors share this machine; nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import websockets
from rich.console import Console
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.tables import Column, Part, print_part
from tools.browser import ROOT, server

PAGES = ("", "latent", "restore", "interpolate", "generate", "compare", "replay", "reports", "train", "sweep")
READING_S = 10.0
"""Mean time between two pages of a visitor; drawn from an exponential distribution."""
LONGEST_S = 60
MEDIA = re.compile(rb"/media/[0-9a-f]{16,}\.\w+")
MB = 1 << 20
COLUMNS = (
    Column("pages", "", "pages", 0, "opened by all of them"),
    Column("errors", "", "errors", 0, "refused connections, exceptions on a page, or no end within a minute", "0"),
    Column("p50", "s", "p50", 2, "half of the pages were there by then"),
    Column("p95", "s", "p95", 2, "nineteen of twenty; the aim is 1 s for 60 visitors, 2.5 s for 100", "≤ 1 | 2.5"),
    Column("slowest", "s", "slowest", 2, "the last one"),
    Column("before", "MB", "before", 0, "memory of the server before"),
    Column("peak", "MB", "peak", 0, "its highest"),
    Column("after", "MB", "after", 0, "after the idle time", "≤ 700"),
)


@dataclass
class Load:
    """What became of some visitors."""

    visitors: int
    seconds: float
    times: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    before: float = 0.0
    peak: float = 0.0
    after: float = 0.0

    def row(self) -> dict[str, Any]:
        quantile = {f"p{share}": float(np.percentile(self.times, share)) for share in (50, 95)} if self.times else {}
        return {
            "name": f"{self.visitors} visitors",
            "pages": len(self.times),
            "errors": len(self.errors),
            "slowest": max(self.times, default=0.0),
            "before": self.before / MB,
            "peak": self.peak / MB,
            "after": self.after / MB,
        } | quantile


class Visitor:
    """A browser without a screen, in a session of its own, that comes within the first `spread` seconds."""

    def __init__(self, address: str, chance: random.Random, load: Load, spread: float = READING_S) -> None:
        self.address, self.chance, self.load, self.spread = address, chance, load, spread
        self.seen: set[bytes] = set()
        self.page = ""

    async def visit(self, until: float) -> None:
        """Open one page, and more of them until then."""
        await asyncio.sleep(self.chance.uniform(0, self.spread))
        stream = self.address.replace("http", "ws", 1) + "/_stcore/stream"
        try:
            async with websockets.connect(stream, subprotocols=["streamlit"], max_size=1 << 28) as socket:  # type: ignore[list-item]
                while True:
                    began = time.monotonic()
                    await asyncio.wait_for(self._open(socket), LONGEST_S)
                    self.load.times.append(time.monotonic() - began)
                    reading = min(self.chance.expovariate(1 / READING_S), 3 * READING_S)
                    if time.monotonic() + reading >= until:
                        return
                    await asyncio.sleep(reading)
        except (OSError, TimeoutError, websockets.WebSocketException, AssertionError) as error:
            self.load.errors.append(f"{type(error).__name__}: {error}"[:200])

    async def _open(self, socket: Any) -> None:
        """Ask for a page, take what comes until its script has ended, and fetch the images in it."""
        message = BackMsg()
        self.page = self.chance.choice([page for page in PAGES if page != self.page])
        message.rerun_script.page_name = self.page
        message.rerun_script.is_auto_rerun = False
        await socket.send(message.SerializeToString())
        images: set[bytes] = set()
        while True:
            data = await socket.recv()
            images |= set(MEDIA.findall(data)) - self.seen
            found = ForwardMsg.FromString(data)
            kind = found.WhichOneof("type")
            if kind == "delta" and found.delta.new_element.WhichOneof("type") == "exception":
                raise AssertionError(found.delta.new_element.exception.message)
            if kind == "script_finished":
                break
        self.seen |= images
        await asyncio.gather(*(asyncio.to_thread(self._fetch, path.decode()) for path in images))

    def _fetch(self, path: str) -> None:
        with urllib.request.urlopen(self.address + path, timeout=LONGEST_S) as answer:
            answer.read()


@contextlib.asynccontextmanager
async def _memory(load: Load, process: psutil.Process) -> AsyncIterator[None]:
    async def watch() -> None:
        while True:
            load.peak = max(load.peak, memory_of(process))
            await asyncio.sleep(0.2)

    load.before = memory_of(process)
    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()


def memory_of(process: psutil.Process) -> float:
    """Resident bytes of the server and what it has started."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += one.memory_info().rss
    return total


async def measure(address: str, process: psutil.Process, visitors: int, seconds: float, idle: float, seed: int) -> Load:
    """Let so many visitors open pages for so long, then wait, and see what memory the server keeps."""
    load = Load(visitors, seconds)
    async with _memory(load, process):
        until = time.monotonic() + seconds
        await asyncio.gather(
            *(Visitor(address, random.Random(seed * 1000 + number), load).visit(until) for number in range(visitors))
        )
    await asyncio.sleep(idle)
    load.after = memory_of(process)
    return load


def run(visitors: list[int], seconds: float, idle: float) -> list[Load]:
    """A fresh server for each number of visitors, which has shown no page before."""
    found = []
    for number in visitors:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "store"
            shutil.copytree(ROOT / "checkpoints" / "gallery", root / "gallery")
            environment = {"AECORE_STORE": str(root), "AECORE_DEMO": "1", "AECORE_DATA": str(Path(folder) / "data")}
            with server(environment, Path(folder) / "log") as address:
                port = int(address.rpartition(":")[2])
                process = next(
                    psutil.Process(child.pid)
                    for child in psutil.Process().children()
                    if any(str(port) == part for part in child.cmdline())
                )
                found.append(asyncio.run(measure(address, process, number, seconds, idle, seed=1)))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, nargs="+", default=[60, 100])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument(
        "--idle", type=float, default=300.0, help="seconds without visitors before memory is read again"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="20 visitors for 20 seconds, and 5 without any")
    options = parser.parse_args()
    if options.quick:
        options.visitors, options.seconds, options.idle = [20], 20.0, 5.0
    loads = run(options.visitors, options.seconds, options.idle)
    print_part(Console(width=140), Part("load", "Visitors at once", COLUMNS, [load.row() for load in loads]))
    for error in sorted({error for load in loads for error in load.errors}):
        print(error, file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps([asdict(load) | load.row() for load in loads], indent=1))
    return int(any(load.errors for load in loads))


if __name__ == "__main__":
    sys.exit(main())
