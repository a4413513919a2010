"""Acts in forked processes, which can be killed at any of their file-system calls, and whose verdicts come back."""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
CALLS = (
    *("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link"),
    *("os.symlink", "os.truncate", "os.chmod", "os.utime"),
)
WITHIN = ("os.remove", "os.rmdir")
"""Of these a tree's removal names the open folder alone."""
LONGEST_S = 60


def on_every_call(folder: Path, count: Callable[[], object]) -> None:
    """Call `count` before each file-system call of this process below `folder` that changes something: opening for
    writing, renaming, removing, making a folder, changing a mode, flushing to the disk."""
    home, flush = str(folder), os.fsync

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if isinstance(arguments[2], int) and arguments[2] & WRITES and home in str(arguments[0]):
                count()
        elif event in CALLS and ((event in WITHIN and arguments[-1] != -1) or home in f"{arguments[:2]}"):
            count()

    def counted(handle: int) -> None:
        count()
        flush(handle)

    os.fsync = counted
    sys.addaudithook(hook)


def kill_at(folder: Path, number: int) -> None:
    """Make this process end itself, as a power cut would, before the call of that number."""
    left = [number]

    def count() -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    on_every_call(folder, count)


def forked(work: Callable[[], str], longest_s: float = LONGEST_S) -> str:
    """What `work` returned in a process of its own: `killed` where that was killed, `hang` where it took too long, and
    `traceback: …` for an exception."""
    readable, writable = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(readable)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            said = work()
        except BaseException as error:
            said = f"traceback: {type(error).__name__}: {error} {traceback.extract_tb(error.__traceback__)[-1]}"
        os.write(writable, said.encode(errors="replace")[:4000])
        os._exit(0)
    os.close(writable)
    ready = select.select([readable], [], [], longest_s)[0]
    if not ready:
        os.kill(pid, signal.SIGKILL)
    said = b"".join(iter(lambda: os.read(readable, 4096), b"")).decode(errors="replace") if ready else ""
    os.close(readable)
    _, status = os.waitpid(pid, 0)
    if not ready:
        return "hang"
    return "killed" if os.WIFSIGNALED(status) else said
