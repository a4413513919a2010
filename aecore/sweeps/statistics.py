"""The results of a sweep: mean and standard deviation of each combination over its seeds."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aecore.format import count
from aecore.runs.summary import MARK
from aecore.sweeps.definition import Sweep
from aecore.sweeps.store import Row, sort_key


@dataclass(frozen=True)
class Group:
    """The finished runs of one combination of values that have the score."""

    values: dict[str, Any]
    scores: tuple[float, ...]
    """One for each seed."""
    runs: tuple[str, ...]
    """Their ids, in the same order."""

    @property
    def mean(self) -> float:
        return statistics.fmean(self.scores)

    @property
    def std(self) -> float | None:
        """Sample standard deviation over the seeds (with n − 1); None for a single seed."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None


def groups(sweep: Sweep, rows: Iterable[Row], goal: str, under: str) -> list[Group]:
    """The combinations with at least one score, in the sweep's order; scores that are not finite, or of a run that may
    not be best, are left out."""
    found: dict[str, list[tuple[Row, float]]] = {}
    for row in sorted(rows, key=lambda row: sort_key(sweep, row)):
        score = row.score(goal, under)
        if row.state == "finished" and row.may_win and score is not None and math.isfinite(score):
            found.setdefault(json.dumps(row.values), []).append((row, score))
    return [
        Group(pairs[0][0].values, tuple(score for _, score in pairs), tuple(row.run for row, _ in pairs))
        for pairs in found.values()
    ]


def remarked(rows: Iterable[Row]) -> dict[str, list[str]]:
    """The remarks on each run that has any, by its id."""
    return {row.run: row.remarks for row in rows if row.remarks}


def mark(group: Group, remarks: Mapping[str, list[str]]) -> str:
    """The remarks on a combination's runs as one line: how many have some, and the first; empty without any.

    `remarks` are those of `remarked`.
    """
    found = [remarks[run] for run in group.runs if run in remarks]
    if not found:
        return ""
    of = f"{len(found)} of {count(len(group.runs), 'run')}: " if len(group.runs) > 1 else ""
    return f"{MARK} {of}{found[0][0]}"


def best(groups: Iterable[Group], better: str) -> list[Group]:
    """The same, the best mean first."""
    return sorted(groups, key=lambda group: group.mean, reverse=better == "higher")


def measured_under(rows: Iterable[Row]) -> list[str]:
    """The corruptions that the runs were measured under, in the order of their first appearance."""
    return list(dict.fromkeys(corruption for row in rows for corruption in row.measured))
