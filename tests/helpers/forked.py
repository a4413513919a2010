"""Processes that are forked from the nursery instead of started anew: `python -m MODULE` without the imports.

To import PyTorch and `aecore` takes three seconds of a processor, and the tests start more than a hundred processes
that need them. A forked one is a process of its own, in a session of its own where that is asked, and runs the module
from the start; only its libraries have been imported already, and its parent is the nursery.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import IO, Any
from unittest.mock import patch

NUMBER = 10
"""The length of what the nursery tells: the process, and once it has ended its exit status."""


class Forked:
    """A process forked from the nursery at `address`; of `subprocess.Popen` what this project and torchrun use."""

    def __init__(
        self,
        address: str,
        args: list[str] | tuple[str, ...],
        *,
        env: dict[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        stdin: int | IO[Any] | None = None,
        stdout: int | IO[Any] | None = None,
        stderr: int | IO[Any] | None = None,
        text: bool = False,
        start_new_session: bool = False,
    ) -> None:
        """`args` are those of `python -m MODULE …`."""
        module, *arguments = _after_python(list(args))
        self.args, self.returncode = args, None
        self._lock = threading.Lock()
        theirs, ours = zip(*(_ends(number, asked) for number, asked in enumerate((stdin, stdout, stderr))), strict=True)
        modes = ("w", "r", "r") if text else ("wb", "rb", "rb")
        self.stdin, self.stdout, self.stderr = (
            None if end is None else os.fdopen(end, mode) for end, mode in zip(ours, modes, strict=True)
        )
        self._nursery = socket.socket(socket.AF_UNIX)
        self._nursery.connect(address)
        asked = {"module": module, "arguments": arguments, "session": start_new_session}
        asked |= {"environment": dict(os.environ if env is None else env), "folder": str(cwd or os.getcwd())}
        socket.send_fds(self._nursery, [b"\n"], theirs)
        self._nursery.sendall(json.dumps(asked).encode())
        self._nursery.shutdown(socket.SHUT_WR)
        for end in theirs:
            os.close(end)
        self.pid = int(self._told())

    def _told(self) -> bytes:
        return self._nursery.recv(NUMBER, socket.MSG_WAITALL)

    def poll(self) -> int | None:
        """Its exit status, or None while it lives."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended."""
        if self.returncode is None and not select.select([self._nursery], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        with self._lock:
            if self.returncode is None:
                self.returncode = int(self._told() or -signal.SIGKILL)
                self._nursery.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it may end in between, as `subprocess` allows for too
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[Any, Any]:
        """What it wrote until its end, to output and errors."""
        if self.stdin is not None:
            self.stdin.close()
        deadline = None if timeout is None else time.monotonic() + timeout
        said: list[Any] = [None, None]

        def read(number: int, stream: IO[Any]) -> None:
            said[number] = stream.read()

        streams = [(number, stream) for number, stream in enumerate((self.stdout, self.stderr)) if stream is not None]
        threads = [threading.Thread(target=read, args=one, daemon=True) for one in streams if not one[1].closed]
        for thread in threads:
            thread.start()
        self.wait(timeout)
        for thread in threads:
            thread.join(None if deadline is None else max(deadline - time.monotonic(), 0))
            if thread.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
        for _, stream in streams:
            stream.close()
        return said[0], said[1]


def _after_python(args: list[str]) -> list[str]:
    """The module and what is told to it."""
    python, *rest = args
    rest = rest[1:] if rest[0] == "-u" else rest
    assert (python, rest[0]) == (sys.executable, "-m"), args
    return rest[1:]


def _ends(number: int, asked: int | IO[Any] | None) -> tuple[int, int | None]:
    """The descriptor that becomes the process's `number`, and this side's end of a pipe, if it is one."""
    if asked == subprocess.PIPE:
        reading, writing = os.pipe()
        return (reading, writing) if number == 0 else (writing, reading)
    if asked == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDWR), None
    if asked == subprocess.STDOUT:
        raise NotImplementedError("errors among the output")
    return os.dup(number if asked is None else asked if isinstance(asked, int) else asked.fileno()), None


@contextlib.contextmanager
def processes_forked_from(address: str) -> Iterator[None]:
    """Jobs and workers that this process starts are forked from the nursery."""
    from aecore.compute import worker
    from aecore.jobs import detach

    instead = SimpleNamespace(**vars(subprocess) | {"Popen": partial(Forked, address)})
    with patch.object(detach, "subprocess", instead), patch.object(worker, "subprocess", instead):
        yield
