"""Workers with PyTorch for a server under test, forked with the server and waiting, as each would else import PyTorch:
three seconds of a processor, and there are two for each of forty servers.

From what they are told on they are what `python -m aecore.compute.worker` is. Workers after the first two are started
as ever.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from aecore.compute import worker


class Spare:
    """A forked process that waits for a worker's orders; of `subprocess.Popen` what `Worker` uses."""

    def __init__(self, others: Sequence[Spare]) -> None:
        """`others` are those before it, whose ends the new process must not hold open."""
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(writing)
            for other in others:
                other.stdin.close()
            _work(reading)
        os.close(reading)
        self.stdin = io.FileIO(writing, "wb")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.returncode = 0
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        if self.returncode is None:
            os.waitpid(self.pid, 0)
            self.returncode = 0
        return self.returncode


def _work(orders: int) -> None:
    """Become a worker once the orders have come; nothing where the server ends before. Does not return."""
    try:
        if told := io.FileIO(orders).read():
            sys.stdin = io.TextIOWrapper(io.BytesIO(told))
            worker.main()
    finally:
        os._exit(0)


def use_spares(count: int = 2) -> None:
    """Let the first workers of this process, which has no threads yet, be forked ones."""
    spares: list[Spare] = []
    for _ in range(count):
        spares.append(Spare(spares))

    def started(command: list[str], **options: Any) -> Any:
        return spares.pop(0) if spares else subprocess.Popen(command, **options)

    worker.subprocess = SimpleNamespace(Popen=started, PIPE=subprocess.PIPE)  # type: ignore[attr-defined]
