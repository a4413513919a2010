"""What figures of measures have in common: the runs with what was measured of them, and tables of which nothing is
taken for granted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from aecore.errors import UserError
from aecore.format import count, drawable
from aecore.plots.resolve import RunLike, marked_title, resolve_run
from aecore.plots.style import LEGEND_ROW, layout
from aecore.runs.measures import Measures, read_measures
from aecore.runs.run import Run

GREY = 9
"""Of the palette's colours, what stands beside a code and belongs to the images alone."""


class Measured(NamedTuple):
    """A run's measures under the name that its curves have."""

    name: str
    found: Measures

    @property
    def data(self) -> str:
        return str(self.found.about.get("data", ""))

    @property
    def units(self) -> int:
        """Numbers in its code; 0 where that was not measured."""
        return int(self.found.value("active_units", "of") or 0)


def measured(of: Sequence[Measured | RunLike]) -> list[Measured]:
    """The measures of runs that are given, or named by id or path. Raises `UserError` for one that has none."""
    return [one if isinstance(one, Measured) else _read(resolve_run(one)) for one in of]


def _read(run: Run) -> Measured:
    found = read_measures(run)
    if found is None:
        if not run.experiment().model.has_code:
            raise UserError(f"run {run.id}: its network has no code, and what is measured is what a code is worth")
        raise UserError(f"run {run.id} was not measured: measure it with `aecore measure {run.id}`")
    return Measured(marked_title(run), found)


def with_rows(
    runs: Sequence[Measured], name: str, key: str, numbers: Sequence[str]
) -> list[tuple[Measured, list[dict[str, Any]]]]:
    """The runs that have a list of tables in a measure, with those tables that have these numbers."""
    able = [(run, rows) for run in runs if (rows := run.found.rows(name, key, numbers))]
    if not able:
        raise UserError(f"{name.replace('_', ' ')} was not measured{' by class' if key == 'by_class' else ''}")
    return able


def first_of(able: Sequence[tuple[Measured, Any]], key: Any) -> dict[Any, tuple[int, Any]]:
    """By key the first run of that key: its place and what it has."""
    found: dict[Any, tuple[int, Any]] = {}
    for place, (run, rows) in enumerate(able):
        found.setdefault(key(run), (place, rows))
    return found


def of_data(able: Sequence[tuple[Measured, Any]], data: str) -> str:
    """The images' name in brackets, where the runs have different ones."""
    return f" ({drawable(data)})" if len({run.data for run, _ in able}) > 1 else ""


def look_of(
    able: Sequence[tuple[Measured, Any]], title: str, file: str, traces: Sequence[Any], log: Sequence[str] = ()
) -> dict[str, Any]:
    runs = [run for run, _ in able]
    above = 64 + LEGEND_ROW * ((len(traces) - 1) // 4)
    look = layout(
        titled(title, runs),
        f"{title}, of {', '.join(run.name for run in runs)}.",
        file_name(runs, file),
        height=260 + above,
        log=log,
        showlegend=True,
    )
    look["margin"] = {"l": 64, "r": 16, "t": above, "b": 46}
    return look


def titled(title: str, runs: Sequence[Measured]) -> str:
    return f"{title}: {runs[0].name if len(runs) == 1 else count(len(runs), 'run')}"


def file_name(runs: Sequence[Measured], name: str) -> str:
    owner = runs[0].found.about.get("run") if len(runs) == 1 else f"{len(runs)}-runs"
    return f"{owner or 'run'}-{name}"


def pairs_of(found: Any) -> list[tuple[float, float]]:
    pairs = found if isinstance(found, list) else []
    return [
        (pair[0], pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2 and all(map(is_number, pair))
    ]


def numbers_of(found: Any, missing: bool = False) -> list[Any]:
    """A list of numbers, with `missing` None for what is none; empty where it is no such list."""
    values = found if isinstance(found, list) else []
    if missing:
        return [value if is_number(value) else None for value in values]
    return values if all(map(is_number, values)) else []


def number_or(value: Any, otherwise: float) -> float:
    return value if is_number(value) else otherwise


def is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
