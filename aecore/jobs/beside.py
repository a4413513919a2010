"""What is computed for a finished run in a process of its own, one at a time for each run: a projection, measures.

The command that computes it is the job, whoever starts it. How far it is stands in a file that anyone may read; the
file exists while it works and after it failed or was interrupted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock
import psutil

from aecore.errors import AecoreError, UserError, told
from aecore.jobs import detach
from aecore.jobs.signals import exit_on_sigterm
from aecore.runs.process import identity, is_alive, is_here

LOCK, LOG = ".lock", ".log.txt"
LOCK_WAIT_S = 2
"""How long to wait for the lock of the last attempt: a killed process releases its files a moment later."""


def launch(folder: Path, arguments: list[str], doing: str, started: Callable[[dict[str, Any]], None]) -> None:
    """Start the command with these arguments in a process that outlives this one, its terminal and the browser, with
    its output in `folder`. `started` is told what identifies the process. Raises `AecoreError`, which names what was
    being done, where the folder cannot be written."""
    with told(doing):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG).open("wb") as log:
            worker = detach.start_detached(arguments, log)
        with contextlib.suppress(psutil.Error):  # it may have ended already
            started(identity(worker.pid))


def end(process: Mapping[str, Any], what: str, wait_s: float = 10) -> None:
    """Let a job's process end, and wait for that. Raises `UserError` for one on another machine; `what` names it."""
    if not is_here(dict(process)):
        raise UserError(f"{what} is running on {process.get('host')}; stop it there")
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(process["pid"]), signal.SIGTERM)
    deadline = time.monotonic() + wait_s
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.05)


@contextlib.contextmanager
def alone(folder: Path, busy: UserError, forget: Callable[[], None], failed: Callable[[str], None]) -> Iterator[None]:
    """Work as the only process of this folder; SIGTERM and Ctrl-C end it.

    Afterwards `forget` removes what was told of the progress, or `failed` is told in one line why it failed. Raises
    `busy` while another process works there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = filelock.FileLock(folder / LOCK, timeout=LOCK_WAIT_S).acquire()
    except filelock.Timeout:
        raise busy from None
    with lock, exit_on_sigterm():
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            forget()
            raise
        except Exception as error:
            line = str(error) if isinstance(error, AecoreError) else f"{type(error).__name__}: {error}"
            # On a full disk even this may fail; then the missing process shows that the job was interrupted.
            with contextlib.suppress(OSError):
                failed(line.splitlines()[0])
            raise
        forget()
