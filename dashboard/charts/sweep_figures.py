"""What the charts of a sweep are given: which kinds fit it, and its combinations as plain data for each kind."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal

from aecore.sweeps.definition import GOALS, MEASURED, Range, Sweep
from aecore.sweeps.statistics import Group, best
from dashboard.charts.sweep_chart import Axis, Chart, Goal, Mark
from dashboard.format import count
from dashboard.sweep import labels as sweep_labels

View = Literal["lines", "heat", "parallel"]
VIEWS: dict[View, str] = {"lines": "Lines", "heat": "Heat map", "parallel": "All settings"}
MOST_LINES = 10
"""So many lines have a colour of their own."""
MOST_TICKS = 12
CLEARLY = 1.5
"""So many times more evenly numbers must lie in their logarithm for an axis to be drawn in it."""
FAR_APART = 8
"""Gaps that differ so many times can hardly be told apart on a plain axis."""
LOG_GOAL = 30
"""From so many times the lowest mean on the highest one has the figure drawn in its logarithm."""


def varied(sweep: Sweep) -> list[str]:
    """The settings with more than one value; the first where none has."""
    found = [key for key, values in sweep.vary.items() if isinstance(values, Range) or len(values) > 1]
    return found or list(sweep.vary)[:1]


def views(sweep: Sweep) -> list[View]:
    """The kinds of chart that fit, the one to begin with first."""
    keys = varied(sweep)
    if len(keys) == 1:
        return ["lines"]
    if len(keys) > 2 or any(isinstance(sweep.vary[key], Range) for key in keys):
        return ["parallel"]
    return ["lines", "heat"] if _colour(sweep) else ["heat"]


def chart(view: View, sweep: Sweep, groups: Sequence[Group], goal: str, under: str) -> Chart:
    """The chart of these combinations, of which there is at least one."""
    keys = {"lines": _line_keys, "heat": _heat_keys, "parallel": varied}[view](sweep)
    values = [_values(sweep, key, groups) for key in keys]
    places = [{_name(value): place for place, value in enumerate(own)} for own in values]
    ranked = best(groups, GOALS[goal])
    rank = {id(group): place for place, group in enumerate(ranked)}
    marks: list[Mark] = [
        {
            "at": [own[_name(group.values[key])] for key, own in zip(keys, places, strict=True)],
            "mean": group.mean * sweep_labels.FIGURES[goal].scale,
            "std": None if group.std is None else group.std * sweep_labels.FIGURES[goal].scale,
            "figures": []
            if view == "parallel"
            else [found * sweep_labels.FIGURES[goal].scale for found in group.scores],
            "text": sweep_labels.figure(goal, group.mean, group.std),
            "n": sweep_labels.seeds(len(group.scores)),
            "rank": rank[id(group)],
        }
        for group in groups
    ]
    return {
        "kind": view,
        "goal": _goal(groups, goal, under),
        "axes": [_axis(sweep, key, own) for key, own in zip(keys, values, strict=True)],
        "marks": marks,
        "alt": f"{sweep_labels.heading(goal, under, goal in MEASURED)} of {count(len(groups), 'combination')}, best "
        f"{sweep_labels.figure(goal, ranked[0].mean, ranked[0].std)} with {sweep_labels.combination(ranked[0].values)}",
    }


def _line_keys(sweep: Sweep) -> list[str]:
    """The setting that a line runs along, and the one that lines are told apart by."""
    color, keys = _colour(sweep), varied(sweep)
    return [key for key in keys if key != color][:1] + ([color] if color else [])


def _colour(sweep: Sweep) -> str | None:
    """Of two settings the one that becomes the colour: words before numbers, few values before many."""
    keys = varied(sweep)
    if len(keys) != 2:
        return None
    lists = {key: values for key in keys if isinstance(values := sweep.vary[key], tuple)}
    able = [key for key, values in lists.items() if len(values) <= MOST_LINES]
    return min(able, key=lambda key: (_numbers(lists[key]), len(lists[key])), default=None)


def _heat_keys(sweep: Sweep) -> list[str]:
    """The setting that goes to the right, numbers if there are any, and the one that goes down."""
    first, second = varied(sweep)[:2]
    turned = _numbers(sweep.vary[second]) and not _numbers(sweep.vary[first])
    return [second, first] if turned else [first, second]


def _values(sweep: Sweep, key: str, groups: Iterable[Group]) -> list[Any]:
    """All values of a setting: those of the sweep, and those that its runs had before it was changed."""
    listed = sweep.vary[key]
    found = list(listed) if isinstance(listed, tuple) else []
    known = {_name(value) for value in found}
    for group in groups:
        if _name(group.values[key]) not in known:
            known.add(_name(group.values[key]))
            found.append(group.values[key])
    return sorted(found) if _numbers(found) else found


def _axis(sweep: Sweep, key: str, values: Sequence[Any]) -> Axis:
    labels, listed = [sweep_labels.value(key, value) for value in values], sweep.vary[key]
    numbers = _numbers(values)
    log = listed.log if isinstance(listed, Range) else numbers and _doubling(values)
    places = _places(values, log) if numbers else _even(len(values))
    ticks = list(zip(places, labels, strict=True))
    if numbers and len(values) > MOST_TICKS:
        ticks = _round_ticks(values[0], values[-1], log, key)
    return {"title": sweep_labels.setting(key), "numbers": numbers, "places": places, "labels": labels, "ticks": ticks}


def _doubling(values: Sequence[float]) -> bool:
    """Whether numbers in rising order lie clearly more evenly in their logarithm: 2, 4, 8."""
    if values[0] <= 0 or len(values) < 3:
        return False
    return _unevenness([math.log(value) for value in values]) * CLEARLY < _unevenness(values)


def _unevenness(values: Sequence[float]) -> float:
    gaps = [after - before for before, after in pairwise(values)]
    return max(gaps) / min(gaps)


def _places(values: Sequence[float], log: bool) -> list[float]:
    """Where different numbers in rising order lie between 0 and 1."""
    if len(values) < 3:
        return _even(len(values))
    if not log and values[0] <= 0 and _unevenness(values) >= FAR_APART:
        return _even(len(values))  # 0, 1e-4, 1e-3: a logarithm but for its first value
    return [_place(value, values[0], values[-1], log) for value in values]


def _place(value: float, low: float, high: float, log: bool) -> float:
    return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)


def _even(number: int) -> list[float]:
    return [place / (number - 1) for place in range(number)] if number > 1 else [0.5]


def _round_ticks(low: float, high: float, log: bool, key: str) -> list[tuple[float, str]]:
    """Round numbers along an axis with too many values to name them all."""
    if log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        digits = (1, 2, 5) if len(powers) < 4 else (1,)
        found = [digit * 10.0**power for power in powers for digit in digits]
    else:
        rough = (high - low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough)
        first = math.ceil(low / step)
        found = [place * step for place in range(first, first + 12)]
    return [(_place(tick, low, high, log), sweep_labels.value(key, tick)) for tick in found if low <= tick <= high]


def _goal(groups: Sequence[Group], goal: str, under: str) -> Goal:
    figure = sweep_labels.FIGURES[goal]
    means = [group.mean * figure.scale for group in groups]
    return {
        "title": sweep_labels.heading(goal, under, goal in MEASURED),
        "name": figure.title,
        "better": GOALS[goal],
        "log": min(means) > 0 and max(means) >= LOG_GOAL * min(means),
    }


def _numbers(values: Any) -> bool:
    """Whether they are numbers, and more than one, or a range of them."""
    if isinstance(values, Range):
        return True
    return len(values) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _name(value: Any) -> str:
    return json.dumps(value)
