"""The JSON files of a run or sweep: tables that are written whole or not at all, and lines that are appended."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aecore.errors import DamagedError
from aecore.files import atomic_write


def read_table(path: Path, owner: str) -> dict[str, Any]:
    """A JSON file that holds a table. Raises `DamagedError`, which names the `owner`, for any other and for none."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DamagedError(f"{owner} has no {path.name}") from None
    except (OSError, ValueError) as error:
        raise DamagedError(f"{owner}: {path.name} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise DamagedError(f"{owner}: {path.name} does not hold a table")
    return value


def write_table(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a JSON file as a whole."""
    atomic_write(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def update_status(path: Path, owner: str, changes: Mapping[str, Any], empty: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `changes` and the time of the update into a status file and return the whole; `empty` is the status where
    there is none or it cannot be read."""
    status = dict(empty)
    with contextlib.suppress(DamagedError):
        status = read_table(path, owner)
    status |= {**changes, "updated": now()}
    write_table(path, status)
    return status


def now() -> str:
    """The time as ISO 8601 in UTC, to the millisecond."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def append_line(path: Path, entry: Mapping[str, Any]) -> None:
    """Add a line to a `.jsonl` file with one `write`; on a new line even after a torn one that a crash has left."""
    line = json.dumps(entry, allow_nan=False).encode() + b"\n"
    with path.open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)


def read_lines(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """The entries of a `.jsonl` file from byte `offset` on that have an epoch, and the offset to continue from.

    A torn last line is left for later, other lines that are not JSON are skipped; without the file there are none.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], 0
    complete = data[: data.rfind(b"\n") + 1]
    entries = [
        entry
        for entry in _parsed(complete.splitlines())
        if isinstance(entry, dict) and isinstance(entry.get("epoch"), (int, float))
    ]
    return entries, offset + len(complete)


def _parsed(lines: list[bytes]) -> Iterator[Any]:
    try:
        # Parsing all at once takes a third of the time. Only as many entries as lines prove that each line is one.
        entries = json.loads(b"[" + b",".join(lines) + b"]")
        if len(entries) == len(lines):
            yield from entries
            return
    except ValueError:
        pass
    for line in lines:
        with contextlib.suppress(ValueError):
            yield json.loads(line)
