"""Files that others may have put there: read only if they are regular and no larger than they may be; written
atomically."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

from aecore.temporary import temporary_path

MB = 1 << 20
LONGEST_ZIP_END, ZIP64 = 22 + 0xFFFF, 0xFFFF
"""The last record of a zip with its comment in bytes, and the number of entries where that is in another record."""
MOST_DEPTH = 32
"""How deeply the tables and lists of a JSON file may lie in one another; those of a run are five deep."""


def read_regular(path: Path, most: int, offset: int = 0) -> bytes:
    """The bytes of a regular file from `offset` on. Raises `OSError` for a pipe, device or folder, which might block
    or never end, and where the file is larger than `most` bytes."""
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        size = _size_of_regular(os.fstat(file.fileno()))
        if size > most:
            raise OSError(errno.EFBIG, f"it is {size / MB:,.0f} MB, more than the {most / MB:,.0f} MB that it may be")
        file.seek(offset)
        return file.read(most)


def check_regular(path: Path) -> Path:
    """The same path; raises `OSError` unless it is that of a regular file, for libraries that open it themselves."""
    _size_of_regular(os.stat(path))
    return path


def _size_of_regular(found: os.stat_result) -> int:
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, socket or device"
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file")
    return found.st_size


def whole_zip(archive: zipfile.ZipFile) -> zipfile.ZipFile:
    """The same archive. Raises `BadZipFile` where its table has fewer entries than its end says: a changed length in
    the table swallows those that follow, which `zipfile` does not notice."""
    file = archive.fp
    assert file is not None
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - LONGEST_ZIP_END)
    file.seek(start)
    tail = file.read(LONGEST_ZIP_END)
    at = tail.rfind(b"PK\x05\x06")
    (said,) = struct.unpack("<H", tail[at + 10 : at + 12]) if 0 <= at <= len(tail) - 12 else (ZIP64,)
    if said not in (ZIP64, len(archive.infolist()) & 0xFFFF):
        raise zipfile.BadZipFile("its table of files is damaged")
    return archive


def reason(error: BaseException) -> str:
    """What an error of reading says, in one line; one of the system without its number."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__


def parse_json(data: bytes | str) -> Any:
    """A JSON text as Python values. Raises `ValueError` for what is none: NaN and Infinity too, numbers that are too
    large for a float, and values that lie more than `MOST_DEPTH` deep in one another."""
    value = parse_line(data)
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MOST_DEPTH:
            raise ValueError(f"its values lie more than {MOST_DEPTH} deep in one another")
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if any(isinstance(one, float) and one - one != 0 for one in level):
            raise ValueError("it holds a number that is too large")
    return value


def parse_line(data: bytes | str) -> Any:
    """The same without a look at depth and size of what was read, for many short lines."""
    try:
        return json.loads(data, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("its values lie too deep in one another") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which is no number")


def atomic_write(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all, even if the machine crashes meanwhile."""
    with atomic_file(path) as file:
        file.write(data)


@contextlib.contextmanager
def atomic_file(path: Path, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """A file to write to, which appears under its name at the end, whole, and not at all after an error."""
    temporary = temporary_path(path.parent, path.name)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
