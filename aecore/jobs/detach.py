"""Starting `python -m aecore` in a process of its own, with this very package."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import aecore
from aecore import access


def python_path() -> str:
    """The `PYTHONPATH` with which another Python imports this very package."""
    package_parent = str(Path(aecore.__file__).parent.parent)
    return os.pathsep.join(filter(None, [package_parent, os.environ.get("PYTHONPATH")]))


def aecore_process(arguments: list[str], **streams: Any) -> subprocess.Popen[Any]:
    """The command line with these arguments, in a session of its own; `streams` are those of `subprocess.Popen`."""
    environment = os.environ | access.as_environment() | {"PYTHONPATH": python_path(), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "aecore", *arguments]
    return subprocess.Popen(command, start_new_session=True, env=environment, **streams)


def start_detached(
    arguments: list[str], log: IO[bytes], ended: Callable[[int], None] = lambda status: None
) -> subprocess.Popen[bytes]:
    """The same, outliving this process; its output goes to `log`. `ended` is told its exit status, if this process
    still lives then."""
    process = aecore_process(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    # Without a `wait` it would stay a zombie after its end, for as long as this process lives.
    threading.Thread(target=lambda: ended(process.wait()), daemon=True).start()
    return process
