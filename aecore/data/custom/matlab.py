"""Arrays from MATLAB's `.mat` files of version 5 to 7, such as SVHN's: images along the last axis.

Read here and not by scipy, whose reader ends the whole process on some damaged files. A file is a row of elements, each
with a tag (type and length); an array is an element that holds others: flags, axis lengths, name, values.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aecore.data.custom import limits
from aecore.data.custom.stored import Stored, as_user_errors, stored
from aecore.errors import UserError

TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""NumPy's types by the type of an element, in which values may be stored shorter than their class."""
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
"""NumPy's types by the class of an array."""
STRUCT, MATRIX, COMPRESSED = 2, 14, 15
LOGICAL, COMPLEX = 0x200, 0x800
DEEPEST = 4
"""Structs in structs, as in EMNIST's file."""
HEADER = 128


class Element(NamedTuple):
    """An element of the file, by type; its bytes without padding."""

    kind: int
    body: memoryview


def matlab_arrays(path: Path, text: str, name: str = "") -> list[Stored]:
    """The numeric arrays of a `.mat` file, those in structs under `STRUCT/FIELD`. Raises `UserError`."""
    with as_user_errors(text, "a .mat file"):
        limits.check_bytes(text, (path.stat().st_size,))
        content = memoryview(path.read_bytes())
        if bytes(content[:19]) == b"MATLAB 7.3 MAT-file":
            raise UserError(f"{text} is of MATLAB 7.3 (HDF5), which is not read: save it with -v7, or as .npz")
        order = {b"IM": "<", b"MI": ">"}.get(bytes(content[126:HEADER]))
        if order is None:
            raise UserError(f"{text} is not a .mat file of MATLAB 5 to 7: save it with -v7, or as .npz")
        found: list[Stored] = []
        left = limits.MAX_BYTES
        for element in _elements(content[HEADER:], order):
            if element.kind == COMPRESSED:
                unpacked = _unpacked(element.body, left, text)
                left -= len(unpacked)
                inside = list(_elements(memoryview(unpacked), order))
            else:
                inside = [element]
            for one in inside:
                if one.kind == MATRIX:
                    _collect(one.body, order, name, found, DEEPEST)
    if not found:
        raise UserError(f"{text} holds no numeric arrays: expected X and y, or images and labels")
    return found


def _unpacked(packed: memoryview, most: int, text: str) -> bytes:
    machine = zlib.decompressobj()
    unpacked = machine.decompress(packed, max(most, 1))
    if machine.unconsumed_tail:
        raise UserError(f"{text} unpacks to more than {limits.MAX_BYTES / 1e9:.1f} GB: use fewer or smaller images")
    return unpacked


def _elements(content: memoryview, order: str) -> Iterator[Element]:
    """The elements in these bytes. Raises ValueError where one is cut off."""
    byteorder = "little" if order == "<" else "big"
    place = 0
    while place + 8 <= len(content):
        kind, size = (int.from_bytes(content[place + at : place + at + 4], byteorder) for at in (0, 4))
        if kind >> 16:  # up to four bytes are stored in the tag itself
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
            following = place + 8
        else:
            start = place + 8
            following = start + (size if kind == COMPRESSED else -(-size // 8) * 8)
        if start + size > len(content) or (start == place + 4 and size > 4):
            raise ValueError("an element is cut off")
        yield Element(kind, content[start : start + size])
        place = following


def _collect(body: memoryview, order: str, prefix: str, found: list[Stored], deeper: int) -> None:
    """Append the array of these bytes to `found`, or those of a struct's fields; what is no numbers is passed over."""
    parts = list(_elements(body, order))
    if len(parts) < 3:
        return
    flags = int(np.frombuffer(parts[0].body, f"{order}u4", 1)[0])
    shape = tuple(np.frombuffer(parts[1].body, f"{order}i4").tolist())
    own = bytes(parts[2].body).decode("ascii", "replace")
    name = "/".join(filter(None, (prefix, own)))
    if flags & 0xFF == STRUCT and deeper and math.prod(shape) == 1:
        length = int(np.frombuffer(parts[3].body, f"{order}i4", 1)[0])
        names = bytes(parts[4].body)
        starts = range(0, len(names), max(length, 1))
        fields = [names[at : at + length].partition(b"\0")[0].decode("ascii", "replace") for at in starts]
        for field, part in zip(fields, parts[5:], strict=False):
            if part.kind == MATRIX:
                _collect(part.body, order, f"{name}/{field}", found, deeper - 1)
        return
    kind = CLASSES.get(flags & 0xFF)
    if kind is None or flags & COMPLEX or len(parts) < 4 or parts[3].kind not in TYPES:
        return
    values = np.frombuffer(parts[3].body, order + TYPES[parts[3].kind])
    if len(shape) < 2 or min(shape) < 0 or math.prod(shape) != len(values):
        raise ValueError(f"{name} is not as long as its header says")
    limits.check_bytes(name, (len(values), np.dtype(kind).itemsize))
    array = values.reshape(shape, order="F")
    if array.size > 1:
        array = array != 0 if flags & LOGICAL else array.astype(kind, copy=False)
        found.append(stored(name, array, columns_first=True))
