"""What the parts of `benchmarks.faults` share: the columns of their tables, and their verdicts."""

from __future__ import annotations

import resource
from collections import Counter
from typing import Any

from benchmarks.tables import Column

PATIENCE_S = 10
COLUMNS = (
    Column("tried", "", "tried", 0, "changed files, or interrupted and refused acts"),
    Column("right", "", "right", 0, "the same values, or the damage named; of an act: done, or undone and done again"),
    Column("one line", "", "refused", 0, "refused in one line, and nothing is half"),
    Column("traceback", "", "traceback", 0, "another exception", "0"),
    Column("silent", "", "silent", 0, "other values without a word; of an act: lost, left behind, not the same", "0"),
    Column("hang", "", "hang", 0, "not back in time (a reader: within 10 s)", "0"),
    Column("memory", "MB", "memory", 0, "the largest growth of the process", "≤ 1,000"),
)
WORST = ("traceback", "hang", "silent", "refused", "right")
"""Of several verdicts on one file the first counts."""


def row(name: str, found: Counter[str], start_mb: float) -> dict[str, Any]:
    """A row of a table."""
    counts = {key: found[key] for key in ("tried", *WORST)}
    return {"name": name, **counts, "memory": max(0.0, memory_mb() - start_mb)}


def memory_mb() -> float:
    """The most that this process, or one that it has waited for, has had in memory."""
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(peaks) / 1024
