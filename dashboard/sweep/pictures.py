"""The Sweep page's images: what each combination makes of the same test images."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

import numpy as np
import streamlit as st

from aecore.runs.run import Run
from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from aecore.runs.summary import MARK
from aecore.sweeps import labels
from aecore.sweeps.panels import PANELS, Panels, collect, read_panels
from aecore.sweeps.store import Row
from dashboard import url_state
from dashboard.cache.keyed import signature
from dashboard.cache.sweeps import Seen
from dashboard.components.assets import ship
from dashboard.components.sweeper import Combination, Setting, sweeper
from dashboard.sweep.choose import PAGE
from dashboard.url_state import key

MOST_RUNS = 400
"""Of a sweep that keeps no images yet, the panels of so many runs are read."""


def pictures(seen: Seen, goal: str, under: str) -> None:
    """Sliders over the settings, with the images of the chosen combination. Nothing where no run has images, and where
    the settings are no list of values."""
    values = {name: each for name, each in seen.sweep.vary.items() if isinstance(each, tuple)}
    if len(values) != len(seen.sweep.vary):
        return
    found = _panels(seen, signature(Run(seen.folder.path), (PANELS,)))
    if found is None:
        return
    by_run = {run: number for number, run in enumerate(found.runs)}
    finished = [
        row
        for row in seen.rows
        if row.state == "finished"
        and row.run in by_run
        and all(row.values.get(name) in each for name, each in values.items())
    ]
    seeds = tuple(sorted({row.seed for row in finished}))
    rows = {_places(row, values, seeds): _combination(row, by_run[row.run], goal, under) for row in finished}
    if not rows:
        return
    settings = [
        Setting(labels.setting(name), [labels.value(name, one) for one in each]) for name, each in values.items()
    ]
    settings.append(Setting("Seed", list(map(str, seeds))))
    st.subheader("Images of every combination", anchor=False)
    sweeper(
        _sent(seen, found),
        found.clean.shape[1:],
        len(found.clean),
        settings,
        rows,
        next(iter(rows)),
        corrupted=bool((found.inputs != found.clean).any()),
        place=st.session_state.get(key(PAGE, "at")),
        visit=url_state.visit(PAGE),
        key=f"sweep-images-{seen.folder.id}",
    )


def _places(row: Row, values: dict[str, tuple], seeds: tuple[int, ...]) -> tuple[int, ...]:
    return (*(each.index(row.values[name]) for name, each in values.items()), seeds.index(row.seed))


def _combination(row: Row, number: int, goal: str, under: str) -> Combination:
    score = row.score(goal, under)
    metric = labels.METRICS[goal]
    text = (
        "" if score is None else f"{metric.title} {score * metric.scale:.4g}{f' {metric.unit}' if metric.unit else ''}"
    )
    return Combination(
        number, " · ".join(part for part in (text, *(f"{MARK} {remark}" for remark in row.remarks)) if part)
    )


@lru_cache(maxsize=4)
def _panels(seen: Seen, stamp: tuple) -> Panels | None:
    """What the sweep keeps, else what its runs have: of an older sweep, and of one that was stopped."""
    kept = read_panels(seen.folder)
    if kept is not None or seen.folder.state() in ACTIVE:  # that of a sweep in work would be read again at every tick
        return kept
    home = Store.default().root / "runs"
    finished = [row.run for row in seen.rows if row.state == "finished"]
    return collect(Run(home / run) for run in finished[:MOST_RUNS] if (home / run).is_dir())


def _sent(seen: Seen, found: Panels) -> str:
    print_ = hashlib.sha256(
        json.dumps([str(seen.folder.path), found.runs]).encode() + found.outputs.tobytes()
    ).hexdigest()
    parts = {"clean": found.clean[None], "inputs": found.inputs, "outputs": found.outputs}
    moved = {name: np.ascontiguousarray(np.moveaxis(images, 2, -1)).tobytes() for name, images in parts.items()}
    return ship(f"sweep-{print_[:16]}", **moved)
