"""`.received.json` of a run that came from another machine: who may send more of it, and what has come."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aecore.errors import DamagedError
from aecore.runs.json_files import read_table, write_table
from aecore.runs.state import RECEIVED

INCOMING = ".incoming"
"""The folder in which pieces of files are gathered until they are whole."""


@dataclass(frozen=True)
class Received:
    """Its last change is when the sender was last heard."""

    key_sha256: str = ""
    """Of the run's key: who reads this folder cannot send to it."""
    host: str = ""
    files: dict[str, list[str]] = field(default_factory=dict)
    """Of each file that is sent whole the SHA-256 as last received, and before it that of the one before, which is here
    still if a crash came between."""

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

    def add(self, name: str, sha256: str) -> Received:
        """The same with another content of a file, the last one."""
        self.files[name] = [*self.sums_of(name)[-1:], sha256]
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
