"""`python -m aecore` in a process of its own, with the same package, wherever that lies."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

import aecore


def python_path() -> str:
    """`PYTHONPATH` under which another Python finds this very package."""
    package_parent = str(Path(aecore.__file__).parent.parent)
    return os.pathsep.join(filter(None, [package_parent, os.environ.get("PYTHONPATH")]))


def aecore_process(arguments: list[str], **streams: Any) -> subprocess.Popen[Any]:
    """The command with these arguments in a session of its own; `streams` are those of `subprocess.Popen`."""
    environment = os.environ | {"PYTHONPATH": python_path(), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "aecore", *arguments]
    return subprocess.Popen(command, start_new_session=True, env=environment, **streams)


def start_detached(arguments: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """The same, outliving this process; what it says goes to `log`."""
    process = aecore_process(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    # Someone has to take note of its end, or it stays a zombie while this process lives.
    threading.Thread(target=process.wait, daemon=True).start()
    return process
