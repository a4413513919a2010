"""Processes that tests start, watch and kill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

from aecore.runs.run import Run
from tests.helpers.forked import Forked
from tests.helpers.nursery import Nursery


def wait_for(condition: Callable[[], Any], seconds: float = 120) -> Any:
    """What `condition` returns once that is true; long enough for a busy machine."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.02)
    return found


def kill(run: Run) -> None:
    """End the process that works on the run as a crash would."""
    os.kill(run.status()["process"]["pid"], signal.SIGKILL)


def trained_epochs(run: Run, count: int) -> Callable[[], bool]:
    """Whether the run has trained so many epochs, as a condition to wait for."""
    return lambda: len(run.metrics()) >= count


@contextlib.contextmanager
def torchrun(nursery: Nursery, processes: int, *arguments: str) -> Iterator[Forked]:
    """Processes of a module, forked from the nursery like torchrun itself; whatever is left of them is killed."""
    command = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m", *arguments]
    started = nursery.fork(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        for child in nursery.children() if started.poll() is None else []:
            child.kill()
        started.communicate()
