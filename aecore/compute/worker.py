"""A process with PyTorch that calls functions which are named to it, one after the other, until the asker is gone.

Asker and worker speak over a local connection that both prove to know the key of; the key comes over the worker's
standard input: `python -m aecore.compute.worker`.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from aecore import access
from aecore.access.person import PERSON
from aecore.errors import AecoreError

STARTS_WITHIN_S = 120
Report = Callable[..., None]
ENDED = "the process that runs models has ended, perhaps because the machine ran out of memory; try again"


class Worker:
    """The asker's side of such a process. It starts when it is first asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._asked = 0.0

    def call(
        self, function: str, arguments: tuple[Any, ...], options: Mapping[str, Any], report: Report | None = None
    ) -> Any:
        """What the function `module:name` returns there; `report` is told what it reports.

        Raises what it raises, and `AecoreError` where the process ends meanwhile; it is started anew for the next one.
        """
        with self._lock:
            try:
                pipe = self._started()
                pipe.send((function, arguments, dict(options), report is not None, access.as_environment()))
                while True:
                    kind, value = pipe.recv()
                    if kind != "report":
                        break
                    if report:
                        report(*value)
            except (OSError, EOFError):
                self._end()
                raise AecoreError(ENDED) from None
            except BaseException:  # the asker has gone on: what is still to come must not answer the next one
                self._end()
                raise
            finally:
                self._asked = time.monotonic()
        if kind == "error":
            raise value
        return value

    def end_if_idle(self, seconds: float) -> None:
        """End the process if nobody has asked it for so long."""
        if self._process and time.monotonic() - self._asked > seconds and self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _started(self) -> Connection:
        if self._pipe is not None and self.running:
            return self._pipe
        self._end()
        from aecore.jobs.detach import python_path  # here: a server that has not started a worker does without

        key = secrets.token_bytes(32)
        with tempfile.TemporaryDirectory(prefix="aecore-") as folder:
            address = None if sys.platform == "win32" else str(Path(folder) / "worker")
            with Listener(address, authkey=key) as listener:
                environment = os.environ | {"PYTHONPATH": python_path()}
                command = [sys.executable, "-m", "aecore.compute.worker"]
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
                assert self._process.stdin
                with self._process.stdin as stdin:
                    stdin.write(json.dumps({"address": listener.address, "key": key.hex()}).encode())
                self._pipe = _accepted(listener, self._process)
        return self._pipe

    def _end(self) -> None:
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.wait()


def _accepted(listener: Listener, process: subprocess.Popen[bytes]) -> Connection:
    """The worker's connection. Raises `EOFError` where it ends, or does not call, before."""
    found: list[Connection] = []

    def wait() -> None:
        try:
            found.append(listener.accept())
        except Exception:  # it was closed, or who called does not know the key
            return

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    deadline = time.monotonic() + STARTS_WITHIN_S
    while thread.is_alive() and process.poll() is None and time.monotonic() < deadline:
        thread.join(0.05)
    if not found:
        raise EOFError
    return found[0]


def function(name: str) -> Callable[..., Any]:
    """The function `module:name`."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def serve(pipe: Connection) -> None:
    """Answer until the asker closes the connection or is gone."""
    own = os.environ.get(PERSON)
    while True:
        try:
            name, arguments, options, reports, person = pipe.recv()
        except (EOFError, OSError):
            return
        os.environ.pop(PERSON, None)
        os.environ.update(person or ({PERSON: own} if own else {}))
        if reports:
            options["report"] = lambda *news: pipe.send(("report", news))
        try:
            answer = ("value", function(name)(*arguments, **options))
        except Exception as error:
            if not isinstance(error, AecoreError):
                traceback.print_exc()
            answer = ("error", error)
        try:
            pipe.send(answer)
        except OSError:
            return
        except Exception as error:  # what cannot be sent
            pipe.send(("error", AecoreError(f"{type(error).__name__}: {error}")))


def main() -> None:
    from aecore.jobs.out_of_memory import go_first
    from aecore.models import subnormals

    go_first()
    subnormals.forever()  # before the first thread is started
    told = json.loads(sys.stdin.buffer.read())
    with Client(told["address"], authkey=bytes.fromhex(told["key"])) as pipe:
        serve(pipe)


if __name__ == "__main__":
    main()
