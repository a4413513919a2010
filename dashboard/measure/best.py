"""Which of several runs is best by a measure."""

from __future__ import annotations

from collections.abc import Sequence

from aecore.metrics.measure_names import Named
from aecore.runs.measures import Measures


def clearly_best(named: Named, found: Sequence[Measures | None]) -> set[int]:
    """Of the runs on the same images the one whose interval lies apart from those of all others, on the better side."""
    best: set[int] = set()
    if named.higher is None:
        return best
    for data in {one.about.get("data") for one in found if one}:
        ends = {
            place: (low, high)
            for place, one in enumerate(found)
            if one is not None
            and one.about.get("data") == data
            and (low := one.value(named.name, "low")) is not None
            and (high := one.value(named.name, "high")) is not None
        }
        for place, (low, high) in ends.items():
            others = [ends[other] for other in ends if other != place]
            apart = [low > top if named.higher else high < bottom for bottom, top in others]
            if apart and all(apart):
                best.add(place)
    return best
