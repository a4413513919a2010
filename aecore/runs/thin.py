"""Thinning long curves without losing spikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MOST_POINTS = 960
"""Curves with more points are thinned: the screen shows no more."""
COLUMNS = 400
"""Curves of several runs are thinned to this many columns, two points in each."""


def thin(entries: Sequence[dict[str, Any]], fields: Sequence[str] = ()) -> list[dict[str, Any]]:
    """At most about `MOST_POINTS` entries, always including the first and the last.

    Of every stretch those where one of the fields is lowest or highest, so that no spike is lost; without fields evenly
    spaced ones.
    """
    count = len(entries)
    if count <= MOST_POINTS:
        return list(entries)
    if not fields:
        return [entries[i] for i in sorted({*range(0, count, -(-count // MOST_POINTS)), count - 1})]
    stretches = MOST_POINTS // (2 * len(fields))
    length = -(-count // stretches)
    kept = {0, count - 1}
    for name in fields:
        values = np.full(stretches * length, np.nan)
        values[:count] = [value if isinstance(value := entry.get(name), int | float) else np.nan for entry in entries]
        known = np.isfinite(values).reshape(stretches, length)
        table, begins = values.reshape(stretches, length), length * np.arange(stretches)
        for filler, pick in ((np.inf, np.argmin), (-np.inf, np.argmax)):
            found = begins + pick(np.where(known, table, filler), axis=1)
            kept |= set(found[known.any(axis=1)].tolist())
    return [entries[i] for i in sorted(kept)]


def thin_curve(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A curve (P,), x ascending, reduced to at most `2 * COLUMNS` + 2 of its points.

    Its x axis is divided into columns; kept are the extremes of each column, and the first and the last point of all.
    """
    if len(x) <= MOST_POINTS:
        return x, y
    width = (x[-1] - x[0]) / COLUMNS
    column = np.minimum(((x - x[0]) / width).astype(int), COLUMNS - 1)
    begins = np.unique(column, return_index=True)[1]
    order = np.lexsort((y, column))
    ends = np.append(begins[1:], len(y)) - 1
    kept = np.unique(np.concatenate([order[begins], order[ends], [0, len(x) - 1]]))
    return x[kept], y[kept]


def smooth(values: np.ndarray, amount: float) -> np.ndarray:
    """The exponential moving average with bias correction: each value has `amount` times the weight of its successor,
    and the weights add up to one from the start (as for Adam's moments; Kingma and Ba 2015)."""
    if not amount:
        return values
    out, mean, weight = [], 0.0, 1.0
    for value in values.tolist():  # plain numbers: ten thousand take 2 ms and not 15
        mean = amount * mean + (1 - amount) * value
        weight *= amount
        out.append(mean / (1 - weight))
    return np.array(out)
