"""Servers of the app for browser tests, forked from the nursery.

Each is a process of its own that runs `streamlit run` from the start, so it has seen no request and no page.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.helpers.forked import Forked
from tests.helpers.nursery import Nursery


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def forked_server(nursery: Nursery, environment: dict[str, str], log: Path, port: int = 0) -> Iterator[str]:
    """The app on a port, or on a free one, with `environment` added; yields its address, with the base path from
    STREAMLIT_SERVER_BASE_URL_PATH, if set."""
    with server_process(nursery, environment, log, port or free_port()) as (address, _):
        yield address


@contextlib.contextmanager
def server_process(nursery: Nursery, environment: dict[str, str], log: Path, port: int) -> Iterator[tuple[str, Forked]]:
    """The same with its process, which may be killed before the end."""
    options = ["--server.headless", "true", "--server.port", str(port), "--server.address", "127.0.0.1"]
    with log.open("wb") as output:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        process = nursery.fork(
            "streamlit", "run", "streamlit_app.py", *options, env=dict(os.environ) | environment, **streams
        )
    try:
        base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
        address = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the app did not start: {log.read_text()}")
            time.sleep(0.05)
        yield address, process
    finally:
        process.terminate()
        process.wait(20)
