"""Tables of values, a column each: what a loop writes with the `csv` module, or Keras with `CSVLogger`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from aecore.errors import UserError
from aecore.files import MB, read_regular
from aecore.imports.tracked import Point, Tracked

NAME = "CSV"
_MOST = 512 * MB
_STEPS = ("epoch", "step", "global_step", "iteration")
_TIMES = ("seconds", "time", "wall_time", "timestamp")
"""Columns with seconds, since 1970 or since the start."""


def runs(place: Path) -> list[Tracked]:
    """Every run of a table, or of all tables in a folder. Raises `UserError` where there is none, and for a value that
    is no number, with its line."""
    paths = [place] if place.is_file() else sorted(path for path in place.iterdir() if path.suffix.lower() == ".csv")
    if not paths:
        raise UserError(f"{place} holds no .csv files")
    return [tracked for path in paths for tracked in _of_file(path)]


def _of_file(path: Path) -> list[Tracked]:
    try:
        text = read_regular(path, _MOST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text in UTF-8") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [name.strip() for name in next(reader, [])]
        lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UserError(f"{path} is no table: {error}") from None
    if not any(header) or not lines:
        raise UserError(f"{path} holds no table: its first line should name the columns, and others hold values")
    if double := next((name for name in header if name and header.count(name) > 1), None):
        raise UserError(f"{path}: two columns are named '{double}'")
    if wrong := next((number for number, row in lines if len(row) != len(header)), None):
        raise UserError(f"{path}, line {wrong}: should have {len(header)} values, as the first line has")
    columns = {name: [row[at].strip() for _, row in lines] for at, name in enumerate(header) if name}
    return _of_columns(path, columns, [number for number, _ in lines])


def _of_columns(path: Path, columns: dict[str, list[str]], at: list[int]) -> list[Tracked]:
    lower = {name.lower(): name for name in reversed(columns)}
    over = next((lower[name] for name in _STEPS if name in lower), None)
    numeric = {name for name, cells in columns.items() if all(not cell or _number(cell) is not None for cell in cells)}
    time = next((lower[name] for name in _TIMES if lower.get(name) in numeric), None)
    names = columns.get(lower.get("run", ""))
    values = {name: cells for name, cells in columns.items() if name not in (over, time, lower.get("run"))}
    texts = [name for name, cells in values.items() if not any(_number(cell) is not None for cell in cells)]
    steps = None if over is None else _numbers(path, over, columns[over], at)
    times = None if time is None else _numbers(path, time, columns[time], at)
    found: dict[str, Tracked] = {}
    taken = {name: _numbers(path, name, cells, at) for name, cells in values.items() if name not in texts}
    if not taken:
        raise UserError(f"{path} has no column of numbers beside {', '.join(columns)}")
    places: dict[str, int] = {}
    for row in range(len(at)):
        run = names[row] if names else ""
        tracked = found.get(run)
        if tracked is None:
            tracked = found[run] = Tracked(f"{path.resolve()}#{run}", run or path.stem)
            tracked.counts = "epoch" if over and over.lower() == "epoch" else "step"
            if texts:
                tracked.said.append(f"not taken, as they hold no numbers: {', '.join(texts)}")
        places[run] = places.get(run, 0) + 1
        step = places[run] if steps is None else steps[row]
        if step is None:
            raise UserError(f"{path}, line {at[row]}: {over} is empty")
        for name, numbers in taken.items():
            value = numbers[row]
            if value is not None:
                tracked.series.setdefault(name, []).append(Point(step, value, None if times is None else times[row]))
    return list(found.values())


def _numbers(path: Path, name: str, cells: list[str], at: list[int]) -> list[float | None]:
    found = []
    for cell, line in zip(cells, at, strict=True):
        value = _number(cell)
        if cell and value is None:
            raise UserError(f"{path}, line {line}: {name} is '{cell[:40]}', which is no number")
        found.append(value)
    return found


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # Python reads 1_000 as a number, tables do not hold such
    except ValueError:
        return None
