"""From curves with steps of their own to the lines of metrics.jsonl, one for each step."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aecore.errors import UserError
from aecore.format import count
from aecore.imports.tracked import Tracked
from aecore.runs.json_files import MOST_LINES
from aecore.runs.records import MOST_EPOCHS

EARLIEST = 1e8
"""Times below, before 1973, are seconds since the start of a run."""


@dataclass(frozen=True)
class Lines:
    """The lines of a run, by step, and what must be said of them."""

    entries: list[dict[str, Any]]
    said: list[str]
    first: float | None
    last: float | None
    """When the first and the last value were logged, in seconds since 1970."""

    @property
    def values(self) -> int:
        """How many numbers they hold."""
        return sum(len(entry) - 1 - ("seconds" in entry) for entry in self.entries)

    def to_bytes(self) -> bytes:
        """As metrics.jsonl holds them. Raises `UserError` where that would be too large to be read."""
        content = b"".join(json.dumps(entry, allow_nan=False).encode() + b"\n" for entry in self.entries)
        if len(content) > MOST_LINES:
            raise UserError(f"its curves take {len(content) >> 20:,} MB, more than the {MOST_LINES >> 20} MB of a run")
        return content


def lines_of(tracked: Tracked, names: Mapping[str, str]) -> Lines:
    """The values of all curves under their names here, exact; of several for one step the last that was written.
    What is not finite is a gap, null."""
    rows: dict[float, dict[str, Any]] = {}
    times: dict[float, float] = {}
    twice, gaps, beyond = 0, 0, 0
    for tag, points in tracked.series.items():
        name = names[tag]
        for step, value, time in points:
            if not 0 <= step <= MOST_EPOCHS:
                beyond += 1
                continue
            row = rows.setdefault(step, {})
            twice += name in row
            row[name] = float(value) if math.isfinite(value) else None
            if time is not None and math.isfinite(time):
                times[step] = max(time, times.get(step, time))
    gaps = sum(value is None for row in rows.values() for value in row.values())
    first, last = (min(times.values()), max(times.values())) if times else (None, None)
    since_1970 = first is not None and first > EARLIEST
    entries = []
    for step in sorted(rows):
        whole = int(step) if float(step).is_integer() else step
        entry = {"epoch": whole, **rows[step]}
        if first is not None and step in times:
            entry["seconds"] = round(times[step] - (first if since_1970 else 0.0), 4)
        entries.append(entry)
    said = []
    if twice:
        said.append(f"{count(twice, 'value')} logged again for a step, as after a restart: the last one counts")
    if gaps:
        said.append(f"{count(gaps, 'value')} NaN or infinite: a gap in the curve")
    if beyond:
        said.append(f"{count(beyond, 'value')} at steps below 0 or above {MOST_EPOCHS:,}: not taken")
    return Lines(entries, said, *((first, last) if since_1970 else (None, None)))
