"""Event files, as TensorBoard reads them: records of TFRecord, each an `Event` of protocol buffers.

Written here in a page of code, so that it needs no package and the file does not name the machine on which it was
written, as those of TensorFlow's and PyTorch's writers do.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scalar:
    """One number of a curve. It is stored as float32."""

    tag: str
    step: int
    wall_s: float
    """Seconds since 1970."""
    value: float


@dataclass(frozen=True)
class Picture:
    """A PNG of `width` × `height` pixels."""

    tag: str
    step: int
    wall_s: float
    png: bytes
    width: int
    height: int
    channels: int


def event_file(events: Iterable[Scalar | Picture], wall_s: float) -> bytes:
    """The content of a file `….tfevents.…`; `wall_s` is when it begins."""
    parts = [_record(_double(1, wall_s) + _bytes(3, b"brain.Event:2"))]
    for event in events:
        value = _bytes(1, event.tag.encode()) + (
            _float(2, event.value) if isinstance(event, Scalar) else _bytes(4, _image(event))
        )
        summary = _bytes(1, value)
        parts.append(_record(_double(1, event.wall_s) + _whole(2, event.step) + _bytes(5, summary)))
    return b"".join(parts)


def _image(picture: Picture) -> bytes:
    size = _whole(1, picture.height) + _whole(2, picture.width) + _whole(3, picture.channels)
    return size + _bytes(4, picture.png)


# --- Protocol buffers: a field's number and kind, then its value ---


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first. A negative number is written as 64 bits, two's complement."""
    value &= (1 << 64) - 1
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _whole(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _float(field: int, value: float) -> bytes:
    with np.errstate(over="ignore"):  # too large for float32: infinity
        return _varint(field << 3 | 5) + np.float32(value).tobytes()


# --- TFRecord: length and content, each with its checksum ---


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + _masked(length) + content + _masked(content)


def _masked(content: bytes) -> bytes:
    """The CRC-32C, rotated and shifted, so that the sum of data that hold sums is none of theirs."""
    crc = crc32c(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _table() -> list[int]:
    made = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        made.append(crc)
    return made


_TABLE = _table()


def crc32c(content: bytes) -> int:
    """The checksum with Castagnoli's polynomial, as iSCSI and TFRecord have it."""
    crc, table = 0xFFFFFFFF, _TABLE
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
