"""Servers of the app for browser tests, forked from a process that has imported the libraries already.

Each is a process of its own that runs `streamlit run` from the start, so it has seen no request and no page. Starting
Python, Streamlit, PyTorch and `aecore` anew for each took a fifth of the browser tests' time. The dashboard's modules
are not imported ahead: their components register with the server that runs.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

import aecore
from tests.helpers.paths import ROOT
from tests.helpers.spare_workers import use_spares

LIBRARIES = ("streamlit.web.cli", "streamlit.web.bootstrap", "numpy", "pandas", "PIL.Image", "pydantic",
             "safetensors.numpy", "plotly.graph_objects", "pyarrow", "torch", "skimage.metrics", "skimage.restoration",
             "sklearn.decomposition", "sklearn.neighbors", "jinja2", "streamlit.elements.lib.built_in_chart_utils",
             "plotly.graph_objs.layout", "plotly.graph_objs.scatter", "safetensors.torch")  # fmt: skip


class Nursery:
    """The process from which servers are forked."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.helpers.server"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=ROOT, **pipes)

    def fork(self, arguments: list[str], environment: dict[str, str], log: Path) -> psutil.Process:
        assert self.process.stdin
        assert self.process.stdout
        asked = {"arguments": arguments, "environment": environment, "log": str(log)}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return psutil.Process(int(self.process.stdout.readline()))

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def forked_server(nursery: Nursery, environment: dict[str, str], log: Path, port: int = 0) -> Iterator[str]:
    """The app on a port, or on a free one, with `environment` added; yields its address, with the base path from
    STREAMLIT_SERVER_BASE_URL_PATH, if set."""
    port = port or free_port()
    options = ["--server.headless", "true", "--server.port", str(port), "--server.address", "127.0.0.1"]
    process = nursery.fork(["run", "streamlit_app.py", *options], dict(os.environ) | environment, log)
    try:
        base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
        address = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                break
            if not process.is_running() or time.monotonic() > deadline:
                raise RuntimeError(f"the app did not start: {log.read_text()}")
            time.sleep(0.05)
        yield address
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
        deadline = time.monotonic() + 20
        while psutil.pid_exists(process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)


def main() -> None:
    ours = [found.name for found in pkgutil.walk_packages(aecore.__path__, "aecore.")]
    for name in (*LIBRARIES, *ours):
        if not name.endswith("__main__"):
            importlib.import_module(name)
    gc.freeze()  # collections in the servers then leave the shared memory alone
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the ended ones need nobody
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            serve(**asked)
        print(child, flush=True)


def serve(arguments: list[str], environment: dict[str, str], log: str) -> None:
    """Become `streamlit …`; does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(environment)
    use_spares()
    sys.argv = ["streamlit", *arguments]
    from streamlit.web.cli import main as streamlit

    status = 1
    try:
        streamlit(standalone_mode=False)
        status = 0
    except SystemExit as done:
        status = int(done.code or 0)
    finally:
        sys.stdout.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
