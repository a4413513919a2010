"""Curves of several runs over one another: by epoch, by share of the training or by time, smoothed or as they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from aecore.runs.store import Run
from dashboard.cache.jsonl import metrics
from dashboard.charts.live_chart import Panel, Series, live_chart

POINTS = 800
"""So many places along the x axis, two for each column of the screen; it shows no more."""
FIELDS = {
    "test_loss": "Test loss",
    "train_loss": "Training loss",
    "wrong_digit_rate": "Wrong digits",
    "dead_units": "Dead code units",
    "images_per_s": "Images a second",
    "lr": "Learning rate",
}
AXES = {"epoch": "Epoch", "share": "Part of the training", "seconds": "Training time"}


def smoothed(values: np.ndarray, amount: float) -> np.ndarray:
    """The exponential moving average with its start corrected: each value counts `amount` times its successor's weight,
    and the weights add up to one also where few values have passed (as Adam's moments; Kingma and Ba 2015)."""
    if not amount:
        return values
    out, mean, weight = [], 0.0, 1.0
    for value in values.tolist():  # plain numbers: ten thousand take 2 ms and not 15
        mean = amount * mean + (1 - amount) * value
        weight *= amount
        out.append(mean / (1 - weight))
    return np.array(out)


def curve(lines: Sequence[dict[str, Any]], field: str, axis: str, amount: float) -> tuple[np.ndarray, np.ndarray]:
    """One field of metrics.jsonl as (x, y), both (P,): what is no finite number is left out."""
    known = [line for line in lines if isinstance(line.get(field), int | float) and math.isfinite(line[field])]
    if axis == "seconds":
        known = [line for line in known if isinstance(line.get("seconds"), int | float)]
    x = np.array([line["seconds"] if axis == "seconds" else line["epoch"] for line in known], float)
    if axis == "share" and lines:
        x = 100 * x / max(line["epoch"] for line in lines)
    return x, smoothed(np.array([line[field] for line in known], float), amount)


def on_one_axis(curves: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, list[list[float | None]]]:
    """All curves at the same places, nothing before or after their own points.

    With few points the places are those of the curves, so that every measured value is drawn. Of many each column of
    the screen has two places, where a curve is at its lowest and highest there, in the order in which it came to them:
    no spike is lost. Where a curve has no point of its own it is a straight line.
    """
    own = np.unique(np.concatenate([x for x, _ in curves])) if curves else np.zeros(0)
    columns = 0 if len(own) <= POINTS else POINTS // 2
    places = own
    if columns:
        width = (own[-1] - own[0]) / columns
        places = own[0] + width * (np.arange(2 * columns) / 2 + 0.25)
        places[[0, -1]] = own[[0, -1]]
    found: list[list[float | None]] = []
    for x, y in curves:
        if not len(x):
            found.append([None] * len(places))
            continue
        values = np.interp(places, x, y)
        inside = (places >= x[0] - 1e-9) & (places <= x[-1] + 1e-9)
        if columns:
            which = np.minimum((x - own[0]) * (columns / (own[-1] - own[0])), columns - 1).astype(int)
            pairs, has = _extremes(which, y)
            values.reshape(columns, 2)[has] = pairs
            inside |= np.repeat(np.isin(np.arange(columns), has), 2)
            if x[0] == own[0]:
                values[0] = y[0]
            if x[-1] == own[-1]:
                values[-1] = y[-1]
        found.append([float(value) if known else None for value, known in zip(values, inside, strict=True)])
    return places, found


def _extremes(which: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest value (C, 2) of every column that has any, in the order of their coming, and which columns (C)
    those are; `which` (P), ascending, says in which column a value lies."""
    has, begins = np.unique(which, return_index=True)
    order = np.lexsort((y, which))
    ends = np.append(begins[1:], len(y)) - 1
    pair = np.sort(np.stack([order[begins], order[ends]], axis=1), axis=1)
    return y[pair], has


def overlay(
    runs: Sequence[Run], names: Sequence[str], field: str, *, axis: str, amount: float, log: bool, key: str
) -> bool:
    """Draw one field of all runs; returns whether any has it."""
    curves = [curve(metrics(run), field, axis, amount) for run in runs]
    places, values = on_one_axis(curves)
    if not len(places):
        return False
    if len(places) == POINTS:
        places = places.round(max(0, 1 - int(np.log10(np.ptp(places) / POINTS))))
    series = [
        Series(name=name, values=line, color=i, step=False)
        for i, (name, line) in enumerate(zip(names, values, strict=True))
    ]
    last = ", ".join(f"{name} {y[-1]:.4g}" for name, (_, y) in zip(names, curves, strict=True) if len(y))
    live_chart(
        places.tolist(),
        [Panel(title=FIELDS[field], height=300, log=log, series=series)],
        (float(places[0]), float(max(places[-1], places[0] + 1e-6))),
        key=key,
        alt=f"{FIELDS[field]} of {len(runs)} runs; at last {last}",
        x_name={"epoch": "epoch", "share": "% of training", "seconds": "s"}[axis],
    )
    return True
