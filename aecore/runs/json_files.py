"""The JSON files of a run or sweep: tables that are written whole or not at all, and lines that are appended."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aecore.errors import DamagedError
from aecore.files import MB, atomic_write, check_regular, parse_json, parse_line, read_regular, reason
from aecore.runs.records import epochs_of

MOST_TABLE, MOST_LINES = 16 * MB, 512 * MB
"""How large a JSON file and a `.jsonl` file may be."""
SUM = "sum"
"""The key of a table's own SHA-256, in files that have none in sums.json."""
SAMPLES, MORE_SAMPLES, PIECE = 256, 2048, 8192
"""How many lines of a long `.jsonl` file a list of runs looks at, how many a page, and how long a line may be to be
seen."""

MOST_TEXTS, LARGEST_TEXT = 4096, 16 << 10
"""How many tables are remembered as they were last read, and how long the text of one may be, in characters."""
FRESH_NS = 100_000_000
"""A file may change again within one tick of the clock of its file system: so long after a change it is not
remembered."""


def read_table(path: Path, owner: str) -> dict[str, Any]:
    """A JSON file that holds a table, without its `sum`. Raises `DamagedError`, which names the `owner`, for any other,
    for none, and where the table is not the one that the sum was made of.

    One that has not changed since it was last read is not read again: pages ask for the same ones with every touch. The
    caller may change what it is given.
    """
    try:
        found = os.stat(path)
    except OSError:
        return _read_table(path, owner)  # which says why
    place = str(path)
    stamp = found.st_ino, found.st_dev, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    with _lock:
        if (known := _texts.get(place)) and known[0] == stamp:
            _texts.move_to_end(place)
            return json.loads(known[1])
    value = _read_table(path, owner)
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > FRESH_NS:
        text = json.dumps(value)
        with _lock:
            _texts.pop(place, None)
            if len(text) <= LARGEST_TEXT:
                _texts[place] = (stamp, text)
            while len(_texts) > MOST_TEXTS:
                _texts.popitem(last=False)
    return value


_lock = threading.Lock()
_texts: OrderedDict[str, tuple[tuple[int, ...], str]] = OrderedDict()
"""Tables that were read and checked, by the paths of their files: what these looked like, and the tables as text."""


def _read_table(path: Path, owner: str) -> dict[str, Any]:
    value, recorded = _table_and_sum(path, owner)
    if recorded is not None and recorded != _sum_of(value):
        own_run = owner.startswith("run ") and path.parent.parent.name != "gallery"
        hint = f", or accept it as it is with 'aecore verify {path.parent.name} --accept'" if own_run else ""
        raise DamagedError(
            f"{owner}: {path.name} is damaged: it has changed since it was written; restore it from a copy{hint}"
        )
    return value


def accept_table(path: Path) -> None:
    """Record a table as it is now. Raises `DamagedError` where it is none, `OSError` where it cannot be written."""
    write_table(path, _table_and_sum(path, path.parent.name)[0])


def is_sealed(path: Path) -> bool:
    """Whether a table that can be read has a sum, or had one."""
    return _table_and_sum(path, path.parent.name)[1] is not None


def _table_and_sum(path: Path, owner: str) -> tuple[dict[str, Any], Any]:
    try:
        value = parse_json(read_regular(path, MOST_TABLE))
    except FileNotFoundError:
        raise DamagedError(f"{owner} has no {path.name}") from None
    except (OSError, ValueError) as error:
        raise DamagedError(f"{owner}: {path.name} cannot be read: {reason(error)}") from None
    if not isinstance(value, dict):
        raise DamagedError(f"{owner}: {path.name} does not hold a table")
    return value, value.pop(SUM, None)


def write_table(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a JSON file as a whole. Its last key is its own sum: it changes all the time and by several processes, so
    that a sum in another file would be older or newer after a crash."""
    table = {name: part for name, part in value.items() if name != SUM}
    atomic_write(path, json_bytes(table | {SUM: _sum_of(table)}))


def _sum_of(table: Mapping[str, Any]) -> str:
    """The SHA-256 of a table's values, however they are laid out in the file."""
    text = json.dumps(table, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """A table as a JSON file holds it."""
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


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

    A torn last line is left for later, other lines that are not JSON are skipped, as are numbers that are none; without
    the file there are no entries. Raises `OSError` where it is no regular file or larger than one may be.
    """
    try:
        data = read_regular(path, MOST_LINES, offset)
    except FileNotFoundError:
        return [], 0
    complete = data[: data.rfind(b"\n") + 1]
    return epochs_of(_parsed(complete.splitlines())), offset + len(complete)


def is_long(path: Path, samples: int = SAMPLES) -> bool:
    """Whether a `.jsonl` file is so much longer than so many lines that whoever wants these must not read them all."""
    try:
        return path.stat().st_size > samples * PIECE // 2
    except OSError:
        return False


def sampled_lines(path: Path, samples: int = SAMPLES) -> list[dict[str, Any]]:
    """So many entries of a long `.jsonl` file, evenly spread over its bytes, among them the first and the last.

    Raises as `read_lines` does.
    """
    found: list[dict[str, Any]] = []
    check_regular(path)
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        for number in range(samples):
            start = max(0, (size - 2 * PIECE) * number // (samples - 1))
            file.seek(start)
            piece = file.read(2 * PIECE)
            lines = piece[: piece.rfind(b"\n") + 1].splitlines()
            whole = lines[1 if start else 0 :]  # the first may begin before the piece
            found += epochs_of(_parsed(whole[-1:] if number == samples - 1 else whole[:1]))
    return found


def _parsed(lines: list[bytes]) -> Iterator[Any]:
    try:
        # Parsing all at once takes a third of the time. Only as many entries as lines prove that each line is one.
        entries = parse_line(b"[" + b",".join(lines) + b"]")
        if len(entries) == len(lines):
            yield from entries
            return
    except ValueError:
        pass
    for line in lines:
        with contextlib.suppress(ValueError):
            yield parse_line(line)
