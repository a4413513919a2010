"""The process from which others are forked (`tests.helpers.forked`): it has imported the libraries, and does nothing.

The dashboard's modules are not imported ahead: their components register with the server that runs.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import psutil

import aecore
from tests.helpers.forked import NUMBER, Forked, processes_forked_from
from tests.helpers.paths import ROOT

LIBRARIES = ("streamlit.web.cli", "streamlit.web.bootstrap", "numpy", "pandas", "PIL.Image", "pydantic",
             "safetensors.numpy", "plotly.graph_objects", "pyarrow", "torch", "skimage.metrics", "skimage.restoration",
             "sklearn.decomposition", "sklearn.neighbors", "jinja2", "streamlit.elements.lib.built_in_chart_utils",
             "plotly.graph_objs.layout", "plotly.graph_objs.scatter", "safetensors.torch",
             "torch.distributed.run")  # fmt: skip


NOT_AHEAD = ("__main__", "recording.keras", "recording.lightning")
"""What runs when it is imported, and what needs a framework that may be missing."""


class Nursery:
    """The nursery of a session of tests; it ends with it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nursery-")
        self.address = str(Path(self._folder.name) / "socket")
        command = [sys.executable, "-u", "-m", "tests.helpers.nursery", self.address]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout
        self._process.stdout.readline()

    def fork(self, *command: str, **options: Any) -> Forked:
        """`python -m COMMAND`, in the project's folder."""
        return Forked(self.address, [sys.executable, "-m", *command], cwd=ROOT, **options)

    def children(self) -> list[psutil.Process]:
        """All that were forked and live."""
        return psutil.Process(self._process.pid).children()

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


def main(address: str) -> None:
    """Fork whom the connections to `address` ask for, and tell each its process and at last its exit status."""
    ours = [found.name for found in pkgutil.walk_packages(aecore.__path__, "aecore.")]
    for name in (*LIBRARIES, *ours):
        if not name.endswith(NOT_AHEAD):
            importlib.import_module(name)
    search_for_components()
    gc.freeze()  # collections in the forked ones then leave the shared memory alone
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(20)
    waiting: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as events:
        for source in (listener, reading, 0):
            events.register(source, selectors.EVENT_READ)
        print("ready")
        while True:
            for key, _ in events.select():
                if key.fileobj == 0:  # the session has ended
                    return
                if key.fileobj == reading:
                    os.read(reading, 1000)
                    tell_ends(waiting)
                else:
                    asker, _ = listener.accept()
                    with contextlib.suppress(OSError):  # the asker is gone
                        pid = forked(asker, address)
                        waiting[pid] = asker
                        asker.sendall(b"%*d" % (NUMBER, pid))


def search_for_components() -> None:
    """Search the installed packages for all servers that will be forked."""
    from streamlit.components.v2 import manifest_scanner

    from tests.helpers.components import searched_once

    searched_once().start()
    manifest_scanner.scan_component_manifests()


def tell_ends(waiting: dict[int, socket.socket]) -> None:
    """Tell those who wait for processes that have ended."""
    for pid in list(waiting):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with contextlib.suppress(OSError), waiting.pop(pid) as asker:
                asker.sendall(b"%*d" % (NUMBER, os.waitstatus_to_exitcode(status)))


def forked(asker: socket.socket, address: str) -> int:
    """Read what is asked, fork, and become it in the child; the child's number in the nursery.

    Raises `OSError` where the asker ends before.
    """
    _, given, _, _ = socket.recv_fds(asker, 1, 3)
    asked = b"".join(iter(lambda: asker.recv(65536), b""))
    if not asked:
        raise ConnectionError
    child = os.fork()
    if child == 0:
        become(address, given, **json.loads(asked))
    for end in given:
        os.close(end)
    return child


def become(
    nursery: str,
    given: list[int],
    module: str,
    arguments: list[str],
    environment: dict[str, str],
    folder: str,
    session: bool,
) -> NoReturn:
    """Be `python -m MODULE ARGUMENTS` until the end of the process."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, end in enumerate(given):
        os.dup2(end, number)
    os.closerange(3, 256)  # the nursery's own ones, and other askers'
    if session:
        os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin = os.fdopen(0)
    sys.argv = [module, *arguments]
    if not hasattr(sys.modules.get(module), "__path__"):
        sys.modules.pop(module, None)  # as if it had not been imported: it is about to be `__main__`
    status = 1
    try:
        with processes_forked_from(nursery), ranks_forked_from(nursery):
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as done:
        if isinstance(done.code, str):
            print(done.code, file=sys.stderr)
        status = int(bool(done.code)) if not isinstance(done.code, int) else done.code
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)  # to take all the libraries down takes a third of a second


@contextlib.contextmanager
def ranks_forked_from(nursery: str) -> Iterator[None]:
    """The processes that torchrun starts are forked too."""
    from torch.distributed.elastic.multiprocessing.subprocess_handler import subprocess_handler

    with patch.object(subprocess_handler, "Popen", partial(Forked, nursery)):
        yield


if __name__ == "__main__":
    main(sys.argv[1])
