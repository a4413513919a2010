"""The list of runs, the same on every page and on the command line: its order, its names, and which runs are best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from aecore.format import numbered
from aecore.presets.titles import titles
from aecore.runs.summary import RunSummary, is_sound

METRICS = {"test_mse": min, "test_psnr_db": max, "test_ssim": max}
"""The metrics whose best value is marked, with what is best."""
SHELVES = ("all", "own", "shipped")


def listed(rows: Iterable[RunSummary]) -> list[RunSummary]:
    """One's own runs, the newest first, then the shipped ones in the order of the reports; no two with one title.

    `rows` have one's own runs in the order of `Store.runs`.
    """
    order = {preset.name: place for place, preset in enumerate(titles())}
    rows = list(rows)
    shipped = sorted((row for row in rows if row.shipped), key=lambda row: order.get(row.preset, len(order)))
    return distinct([row for row in rows if not row.shipped] + shipped)


def distinct(rows: Sequence[RunSummary]) -> list[RunSummary]:
    """The same rows with a number after a title that others have too: the oldest, listed last, keeps it as it is."""
    titles = [row.title for row in rows]
    if len(set(titles)) == len(titles):
        return list(rows)
    taken = set(titles)
    seen: set[str] = set()
    found = []
    for row in reversed(rows):
        if row.title in seen:
            row = replace(row, title=numbered(row.title, taken))
            taken.add(row.title)
        seen.add(row.title)
        found.append(row)
    return found[::-1]


def on_shelf(rows: Iterable[RunSummary], shelf: str) -> list[RunSummary]:
    """The rows that are `own` or `shipped`, or all of them."""
    return [row for row in rows if shelf not in SHELVES[1:] or row.shipped == (shelf == "shipped")]


def in_group(rows: Iterable[RunSummary], group: str) -> list[RunSummary]:
    """The rows that are in that group."""
    return [row for row in rows if row.group == group]


def best(rows: Iterable[RunSummary]) -> dict[str, frozenset[str]]:
    """By metric of `METRICS` the runs with the best value on the clean test images of their image set.

    A run that may not win is not compared, and one that is alone with its images is not best.
    """
    rivals: dict[str, list[RunSummary]] = defaultdict(list)
    for row in rows:
        if row.tested_on == "none" and is_sound(row):
            rivals[row.data].append(row)
    found: dict[str, set[str]] = {metric: set() for metric in METRICS}
    for metric, choose in METRICS.items():
        for group in rivals.values():
            values = {row.id: value for row in group if (value := getattr(row, metric)) is not None}
            if len(values) > 1:
                top = choose(values.values())
                found[metric] |= {run_id for run_id, value in values.items() if value == top}
    return {metric: frozenset(ids) for metric, ids in found.items()}
