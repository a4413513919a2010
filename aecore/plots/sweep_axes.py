"""What a sweep varies, and how its figures show it: which setting goes where, and which axes are logarithmic."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal

from aecore.sweeps import labels
from aecore.sweeps.definition import Range, Sweep
from aecore.sweeps.statistics import Group

View = Literal["lines", "heat", "parallel"]
MOST_LINES = 10
"""The number of lines with a colour each."""
CLEARLY = 1.5
"""How many times more evenly spaced the logarithms must be for an axis to be logarithmic."""
FAR_APART = 8
"""Above this ratio between gaps, values can hardly be distinguished on a linear axis."""
LOG_METRIC = 30
"""From this ratio between highest and lowest mean, the metric has a logarithmic axis."""


def varied(sweep: Sweep) -> list[str]:
    """The settings with more than one value; the first if none has."""
    found = [key for key, values in sweep.vary.items() if isinstance(values, Range) or len(values) > 1]
    return found or list(sweep.vary)[:1]


def views(sweep: Sweep) -> list[View]:
    """The views that fit, the default first."""
    keys = varied(sweep)
    if len(keys) == 1:
        return ["lines"]
    if len(keys) > 2 or any(isinstance(sweep.vary[key], Range) for key in keys):
        return ["parallel"]
    return ["lines", "heat"] if color_key(sweep) else ["heat"]


def line_keys(sweep: Sweep) -> list[str]:
    """The setting along the x axis, and the one that distinguishes the lines."""
    colored, keys = color_key(sweep), varied(sweep)
    return [key for key in keys if key != colored][:1] + ([colored] if colored else [])


def color_key(sweep: Sweep) -> str | None:
    """Which of two settings becomes the colour: words before numbers, few values before many."""
    keys = varied(sweep)
    if len(keys) != 2:
        return None
    lists = {key: values for key in keys if isinstance(values := sweep.vary[key], tuple)}
    able = [key for key, values in lists.items() if len(values) <= MOST_LINES]
    return min(able, key=lambda key: (is_numeric(lists[key]), len(lists[key])), default=None)


def heat_keys(sweep: Sweep) -> list[str]:
    """The setting on the horizontal axis, numeric if there is one, and the one on the vertical axis."""
    first, second = varied(sweep)[:2]
    turned = is_numeric(sweep.vary[second]) and not is_numeric(sweep.vary[first])
    return [second, first] if turned else [first, second]


def values_of(sweep: Sweep, key: str, groups: Iterable[Group]) -> list[Any]:
    """All values of a setting: those of the sweep, and those of its runs from before it was changed."""
    listed = sweep.vary[key]
    found = list(listed) if isinstance(listed, tuple) else []
    known = {name_of(value) for value in found}
    for group in groups:
        if name_of(group.values[key]) not in known:
            known.add(name_of(group.values[key]))
            found.append(group.values[key])
    return sorted(found) if is_numeric(found) else found


def is_log(sweep: Sweep, key: str, values: Sequence[Any]) -> bool:
    """Whether the setting's axis is logarithmic: for 2, 4, 8, or for a logarithmic range."""
    listed = sweep.vary[key]
    if isinstance(listed, Range):
        return listed.log
    return is_numeric(values) and _doubling(values)


def _doubling(values: Sequence[float]) -> bool:
    """Whether the logarithms of ascending numbers are clearly more evenly spaced."""
    if values[0] <= 0 or len(values) < 3:
        return False
    return _unevenness([math.log(value) for value in values]) * CLEARLY < _unevenness(values)


def is_far_apart(values: Sequence[float]) -> bool:
    """0, 1e-4, 1e-3: logarithmic except for the first value."""
    return len(values) > 2 and values[0] <= 0 and _unevenness(values) >= FAR_APART


def _unevenness(values: Sequence[float]) -> float:
    gaps = [after - before for before, after in pairwise(values)]
    return max(gaps) / min(gaps)


def is_log_metric(groups: Sequence[Group]) -> bool:
    means = [group.mean for group in groups]
    return min(means) > 0 and max(means) >= LOG_METRIC * min(means)


def metric_title(metric: str) -> str:
    about = labels.METRICS[metric]
    return f"{about.title} ({about.unit})" if about.unit else about.title


def is_numeric(values: Any) -> bool:
    """Whether these are at least two numbers, or a range."""
    if isinstance(values, Range):
        return True
    return len(values) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def distinct_labels(key: str, values: Sequence[Any]) -> list[str]:
    """The values' labels; in full if two would read alike, for an axis of words merges what has one label."""
    short = [labels.value(key, value) for value in values]
    return short if len(set(short)) == len(short) else [name_of(value) for value in values]


def name_of(value: Any) -> str:
    return json.dumps(value)
