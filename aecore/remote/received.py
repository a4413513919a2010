"""Runs that came from another machine: who may send more of one, and what has come (`.received.json`)."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import filelock

from aecore.errors import AecoreError, DamagedError, describe_os_error
from aecore.format import printable
from aecore.runs.archive import RUN_ID
from aecore.runs.json_files import read_table, write_table
from aecore.runs.run import Run
from aecore.runs.state import RECEIVED
from aecore.runs.store import Store

LOCK, LOCK_WAIT_S = ".receiving.lock", 10
INCOMING = ".incoming"
"""The folder in which pieces of files are gathered until they are whole."""


class RefusedError(AecoreError):
    """The receiver does not take this. `code` is that of HTTP, `more` what the sender needs to go on."""

    def __init__(self, message: str, code: int = 400, **more: Any) -> None:
        super().__init__(message)
        self.code, self.more = code, more


@dataclass(frozen=True)
class Received:
    """Its last change is when the sender was last heard."""

    key_sha256: str = ""
    """Of the run's key: who reads this folder cannot send to it."""
    host: str = ""
    files: dict[str, list[str]] = field(default_factory=dict)
    """Of each file that is sent whole the SHA-256 as last received, and before it that of what was here then: after a
    crash or with a full disk it is here still."""

    @classmethod
    def of(cls, key: str, host: str) -> Received:
        return cls(_digest(key), host)

    @classmethod
    def read(cls, folder: Path) -> Received:
        """Of a run's folder; one that knows no key where the run did not come from elsewhere."""
        try:
            table = read_table(folder / RECEIVED, folder.name)
            files = {str(name): [str(one) for one in entries] for name, entries in table["files"].items()}
            return cls(str(table["key_sha256"]), str(table["host"]), files)
        except (DamagedError, KeyError, TypeError, AttributeError):
            return cls()

    def write(self, folder: Path) -> None:
        write_table(folder / RECEIVED, {"format": 1} | asdict(self))

    def knows(self, key: str) -> bool:
        return bool(self.key_sha256) and hmac.compare_digest(self.key_sha256, _digest(key))

    def sums_of(self, name: Any) -> list[str]:
        return self.files.get(name, [])

    def add(self, name: str, before: list[str], sha256: str) -> Received:
        """The same with another content of a file, and the one that is here until that takes its place."""
        self.files[name] = [*before, sha256]
        return self

    def touch(self, folder: Path) -> None:
        """The sender has been heard now."""
        os.utime(folder / RECEIVED)

    def fall_silent(self, folder: Path) -> None:
        """Nobody will be heard any more: a run that has not ended is interrupted at once."""
        with contextlib.suppress(OSError):
            os.utime(folder / RECEIVED, (0, 0))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@contextlib.contextmanager
def working(store: Store, run_id: str, key: str) -> Iterator[tuple[Run, Received]]:
    """The run of that id and key, while no other request changes it; its sender has been heard."""
    run = Run(store.root / "runs" / run_id)
    if not re.fullmatch(RUN_ID + r"(-\d+)?", run_id) or not Received.read(run.path).knows(key):
        raise RefusedError(f"this server has no run {printable(run_id)[:60]} from this sender", 404)
    with one_line(f"run {run_id}"), alone(run.file(LOCK)):
        received = Received.read(run.path)
        if not received.knows(key):  # it was deleted meanwhile
            with contextlib.suppress(OSError):
                run.file(LOCK).unlink()
                run.path.rmdir()
            raise RefusedError(f"this server has no run {run_id} from this sender any more", 404)
        yield run, received
        received.touch(run.path)


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Keep other requests out, those of other processes too."""
    try:
        with filelock.FileLock(lock, timeout=LOCK_WAIT_S):
            yield
    except filelock.Timeout:
        raise RefusedError("the server is busy with this run; send it again", 503) from None


@contextlib.contextmanager
def one_line(what: str) -> Iterator[None]:
    """Raise an operating system error of the block as `RefusedError`, in one line without the server's paths."""
    try:
        yield
    except OSError as error:
        line = describe_os_error(OSError(error.errno, error.strerror or str(error)), f"keeping {what} on the server")
        raise RefusedError(line, 507) from None
