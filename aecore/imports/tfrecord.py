"""TFRecord files and the few protocol buffers in them that hold scalars, read without TensorFlow."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np

from aecore.errors import UserError
from aecore.files import check_regular

LARGEST = 256 << 20
"""Of one record."""
CHECKED = 16 << 10
"""Records up to this size are compared with their checksums; larger ones hold images and graphs."""
BATCH = 4096
Field = tuple[int, int, "int | bytes"]


class DamagedRecordError(Exception):
    """A record that is not as it was written; all before it are."""


def records(path: Path) -> Iterator[bytes]:
    """The content of every record of a file, in order. A record that is not complete, as a program leaves it that is
    still writing, ends the file. Raises `DamagedRecordError` where one is not as it was written."""
    try:
        file = check_regular(path).open("rb")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    with file:
        batch: list[tuple[bytes, int, bytes, int]] = []
        for record in _raw(file):
            batch.append(record)
            if len(batch) == BATCH:
                yield from _checked(batch)
                batch = []
        yield from _checked(batch)


def _raw(file: IO[bytes]) -> Iterator[tuple[bytes, int, bytes, int]]:
    """Length and content of records with their checksums, unchecked."""
    while len(head := file.read(12)) == 12:
        (length,) = struct.unpack("<Q", head[:8])
        if length > LARGEST:
            yield head[:8], struct.unpack("<I", head[8:])[0] ^ 1, b"", 0  # a length that nobody wrote
            return
        body = file.read(length + 4)
        if len(body) < length + 4:
            return
        yield head[:8], struct.unpack("<I", head[8:])[0], body[:-4], struct.unpack("<I", body[-4:])[0]


def _checked(batch: list[tuple[bytes, int, bytes, int]]) -> Iterator[bytes]:
    wrong = _first_wrong([(head, check) for head, check, _, _ in batch])
    wrong = min(wrong, _first_wrong([(body, check) for _, _, body, check in batch]))
    for _, _, body, _ in batch[:wrong]:
        yield body
    if wrong < len(batch):
        raise DamagedRecordError


def _first_wrong(parts: list[tuple[bytes, int]]) -> int:
    """The number of the first part that its checksum does not fit; as many as there are where all fit."""
    by_length: dict[int, list[int]] = {}
    for number, (part, _) in enumerate(parts):
        if len(part) <= CHECKED:
            by_length.setdefault(len(part), []).append(number)
    first = len(parts)
    for numbers in by_length.values():
        made = masked_crc32c([parts[number][0] for number in numbers])
        wrong = np.flatnonzero(made != np.array([parts[number][1] for number in numbers], np.uint32))
        if len(wrong):
            first = min(first, numbers[int(wrong[0])])
    return first


def masked_crc32c(parts: list[bytes]) -> np.ndarray:
    """The checksums of texts of one length as TFRecord has them, uint32 (N,)."""
    columns = np.frombuffer(b"".join(parts), np.uint8).reshape(len(parts), -1).T
    table, crc = _table(), np.full(len(parts), 0xFFFFFFFF, np.uint32)
    for column in np.ascontiguousarray(columns):
        crc = table[(crc ^ column) & 0xFF] ^ (crc >> np.uint32(8))
    crc = crc ^ np.uint32(0xFFFFFFFF)
    return ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + np.uint32(0xA282EAD8)


@cache
def _table() -> np.ndarray:
    """For CRC-32C (Castagnoli)."""
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> np.uint32(1)) ^ np.uint32(0x82F63B78), values >> np.uint32(1))
    return values


def fields(data: bytes) -> Iterator[Field]:
    """The fields of a protocol buffer: number, wire type and value, of numbers of four and eight bytes these bytes.
    Raises `ValueError` for what is none."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, kind, value
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if at + length > end:
            raise ValueError("a field that is longer than its message")
        yield key >> 3, kind, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number that does not end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def signed(value: int) -> int:
    """A number of 64 bits as int64."""
    return value - (1 << 64) if value >= 1 << 63 else value


def packed(parts: Iterable[Field], kind: str) -> list[float]:
    """Repeated numbers of a format of `struct`, packed or not."""
    size, found = struct.calcsize(kind), []
    for _, wire, value in parts:
        if isinstance(value, int):
            found.append(signed(value))
        elif wire == 2 and kind == "q":  # integers are of variable length
            at = 0
            while at < len(value):
                number, at = _varint(value, at)
                found.append(signed(number))
        else:
            if len(value) % size:
                raise ValueError("numbers that are cut off")
            found += struct.unpack(f"<{len(value) // size}{kind}", value)
    return found
