"""Images from a table: a `.csv` file with one image a row, such as Kaggle's MNIST (`label,pixel0,pixel1,…`)."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from aecore.data.custom.limits import MIN_SIDE, MOST_CLASSES, check_bytes
from aecore.data.custom.packed import open_bounded
from aecore.data.custom.roles import LABELS
from aecore.data.custom.stored import Stored, as_user_errors, stored
from aecore.data.custom.understood import Understood
from aecore.errors import UserError

BLOCK_BYTES = 1 << 24
"""Of the file, read at a time."""
LINE_BYTES = 1 << 22
"""A longer first line is no row of an image."""
INDICES = frozenset(("id", "index", "idx", "unnamed: 0", ""))
"""Columns that only number the rows."""


class Columns(NamedTuple):
    """The columns of the pixels, in order, and that of the labels, None without."""

    pixels: list[int]
    label: int | None
    other: list[int]


def table_arrays(path: Path, text: str, report: Understood, name: str = "") -> list[Stored]:
    """The images and labels of a `.csv` file, plain or in `.gz`. Raises `UserError` where it is not certain which
    columns are the pixels."""
    with as_user_errors(text, "a .csv file"), open_bounded(path, text) as file:
        first, second = file.readline(LINE_BYTES), file.readline(LINE_BYTES)
        if not first.strip() or b"\0" in first:
            raise UserError(f"{text} holds no table: expected a first line label,pixel0,pixel1,…")
        lines = [
            next(csv.reader([line.decode("utf-8-sig", "replace")], delimiter=_comma(first)))
            for line in (first, second)
            if line.strip()
        ]
        titles = lines[0] if any(_number(cell) is None for cell in lines[0]) else None
        if titles is not None and len(lines) == 1:
            raise UserError(f"{text} holds a line of titles and no images")
        file.seek(0)
        values = _columns(file, titles, len(lines[0]), _comma(first), text)
    found = _roles(titles, values, text)
    if titles is not None and found.other:
        report.leave_out(
            [titles[i] or f"column {i + 1}" for i in found.other], "is a column that only numbers the rows"
        )
    pixels = np.stack([values[i] for i in _in_order(found.pixels, titles, report)], axis=1)
    prefix = f"{name}/" if name else ""
    arrays = [stored(f"{prefix}pixels", pixels)]
    if found.label is not None:
        arrays.append(stored(f"{prefix}label", values[found.label]))
    return arrays


def _in_order(pixels: list[int], titles: list[str] | None, report: Understood) -> list[int]:
    """The columns of the pixels by the numbers in their titles, where all are different: pixel2 before pixel10."""
    numbers = [re.search(r"(\d+)$", titles[i]) for i in pixels] if titles else []
    known = [int(number[1]) for number in numbers if number]
    if len(set(known)) < len(pixels) or known == sorted(known):
        return pixels
    report.remark("the columns of the pixels were put in the order of their numbers")
    return [pixel for _, pixel in sorted(zip(known, pixels, strict=True))]


def _comma(line: bytes) -> str:
    return max(",;\t ", key=lambda mark: line.count(mark.encode()))


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _columns(file: IO[bytes], titles: list[str] | None, width: int, comma: str, text: str) -> list[np.ndarray]:
    """Every column, read in pieces: bytes as uint8, other numbers as floats, one with anything else as text."""
    from pyarrow import ArrowInvalid, float64
    from pyarrow import csv as arrow_csv

    names = [str(i) for i in range(width)]
    options = {
        "read_options": arrow_csv.ReadOptions(column_names=names, skip_rows=titles is not None, block_size=BLOCK_BYTES),
        "parse_options": arrow_csv.ParseOptions(delimiter=comma),
    }
    pieces: list[list[np.ndarray]] = [[] for _ in names]
    rows = 0
    try:
        with arrow_csv.open_csv(file, **options) as first:
            kinds = [str(kind) for kind in first.schema.types]
        file.seek(0)
        # A column of whole numbers in the first piece may have fractions in a later one.
        numeric = {name: float64() for name, kind in zip(names, kinds, strict=True) if _is_number(kind)}
        convert = arrow_csv.ConvertOptions(column_types=numeric)
        with arrow_csv.open_csv(file, **options, convert_options=convert) as reader:
            for batch in reader:
                rows += batch.num_rows
                check_bytes(text, (rows, width, 4))
                for i, column in enumerate(batch.columns):
                    if column.null_count:
                        raise UserError(f"{text} has empty cells: fill or remove them")
                    pieces[i].append(
                        _smallest(column.to_numpy()) if names[i] in numeric else np.array(column.to_pylist(), str)
                    )
    except ArrowInvalid as error:
        raise UserError(f"{text} is not a table of numbers: {str(error).splitlines()[0][:160]}") from None
    return [np.concatenate(column) if column else np.empty(0, np.uint8) for column in pieces]


def _is_number(kind: str) -> bool:
    return kind.startswith(("int", "float", "double"))


def _smallest(values: np.ndarray) -> np.ndarray:
    """Numbers in the smallest type that holds them: uint8, float32 or float64."""
    if not values.size:
        return values.astype(np.uint8)
    low, high = values.min(), values.max()
    if low >= 0 and high <= 255 and (values == np.rint(values)).all():
        return values.astype(np.uint8)
    return values.astype(np.float32) if max(-low, high) < 1 << 24 else values


def _square(number: int) -> bool:
    grey, colour = math.isqrt(number), math.isqrt(number // 3)
    return (grey * grey == number and grey >= MIN_SIDE) or (3 * colour * colour == number and colour >= MIN_SIDE)


def _roles(titles: list[str] | None, values: list[np.ndarray], text: str) -> Columns:
    wanted = f"{text} has {len(values):,} columns; expected label,pixel0,pixel1,… of square images, grey or RGB"
    numeric = [i for i, column in enumerate(values) if column.dtype.kind in "uf"]
    if titles is not None:
        names = [title.strip().lower() for title in titles]
        labels = [i for i, name in enumerate(names) if name in LABELS and not re.fullmatch(r"\d+", name)]
        other = [i for i, name in enumerate(names) if name in INDICES]
        if len(labels) > 1:
            raise UserError(f"{text} has several columns of labels ({', '.join(titles[i] for i in labels)}): keep one")
        label = labels[0] if labels else None
        pixels = [i for i in numeric if i != label and i not in other]
        rest = [i for i in range(len(values)) if i not in {*pixels, *other, label}]
        if rest and label is None and len(rest) == 1:
            label, rest = rest[0], []
        if rest or not _square(len(pixels)):
            raise UserError(wanted)
        return Columns(pixels, label, other)
    if len(numeric) == len(values) and _square(len(values)):
        return Columns(numeric, None, [])
    able = [i for i in (0, len(values) - 1) if _may_be_label(values[i])]
    if (
        len(able) != 1
        or not _square(len(values) - 1)
        or any(i not in numeric for i in range(len(values)) if i != able[0])
    ):
        raise UserError(f"{wanted}: add such a first line")
    return Columns([i for i in range(len(values)) if i != able[0]], able[0], [])


def _may_be_label(column: np.ndarray) -> bool:
    """Whether a first or last column may be the label, and not a pixel of a corner: names, or 0, 1, 2, … all used."""
    different = np.unique(column)
    if not 1 < len(different) <= MOST_CLASSES:
        return False
    return column.dtype.kind == "U" or bool((np.diff(different) == 1).all() and different[0] in (0, 1))
