"""What a sweep shows: each combination's figure as mean and spread over its seeds."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aecore.sweeps.definition import Sweep
from aecore.sweeps.store import Row, place


@dataclass(frozen=True)
class Group:
    """The finished runs of one combination that have the figure."""

    values: dict[str, Any]
    figures: tuple[float, ...]
    """One a seed."""
    runs: tuple[str, ...]
    """Their ids, in the same order."""

    @property
    def mean(self) -> float:
        return statistics.fmean(self.figures)

    @property
    def std(self) -> float | None:
        """Sample standard deviation over the seeds (with n − 1); None of a single one."""
        return statistics.stdev(self.figures) if len(self.figures) > 1 else None


def groups(sweep: Sweep, rows: Iterable[Row], goal: str, under: str) -> list[Group]:
    """The combinations with at least one figure, in the sweep's order; figures that are no finite numbers are left
    out."""
    found: dict[str, list[tuple[Row, float]]] = {}
    for row in sorted(rows, key=lambda row: place(sweep, row)):
        figure = row.figure(goal, under)
        if row.state == "finished" and figure is not None and math.isfinite(figure):
            found.setdefault(json.dumps(row.values), []).append((row, figure))
    return [
        Group(pairs[0][0].values, tuple(figure for _, figure in pairs), tuple(row.run for row, _ in pairs))
        for pairs in found.values()
    ]


def best(groups: Iterable[Group], better: str) -> list[Group]:
    """The same, the best mean first."""
    return sorted(groups, key=lambda group: group.mean, reverse=better == "higher")


def measured_under(rows: Iterable[Row]) -> list[str]:
    """The corruptions that test images were measured under, in the order of their first appearance."""
    return list(dict.fromkeys(corruption for row in rows for corruption in row.measured))
