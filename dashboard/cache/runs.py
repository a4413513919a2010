"""Runs for pages, read again only when their files change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from aecore.latent.projection_store import Projection, projection_files, read_projection
from aecore.runs.json_files import is_long
from aecore.runs.listing import listed
from aecore.runs.run import EVALUATION, EXPERIMENT, FIGURES, METRICS, NOTES, SNAPSHOTS, STATUS, Run
from aecore.runs.state import ACTIVE, run_state
from aecore.runs.store import Store
from aecore.runs.summary import RunSummary, summarise
from aecore.runs.sums import SUMS
from dashboard.cache import jsonl
from dashboard.cache.keyed import keyed_on, signature

_SEEN_BY_SUMMARY = (EXPERIMENT, STATUS, METRICS, EVALUATION, NOTES, SUMS)


def summaries() -> list[RunSummary]:
    """Every run in one row, one's own first, the newest first, then the shipped ones; no two with one title.

    A run is read again only if one of its files changed or it is active.
    """
    return listed(summary(run) for run in Store.default().runs())


def titles(of: Sequence[Run]) -> list[str]:
    """The titles of these runs in the list, where no two are equal."""
    known = {row.id: row.title for row in summaries()}
    return [known.get(run.id, run.id) for run in of]


# Not one of Streamlit's caches: hashing their arguments takes longer than checking the files.
_summaries: OrderedDict[str, tuple[tuple, RunSummary]] = OrderedDict()
_MOST_SUMMARIES = 20_000
_lock = threading.Lock()


def summary(run: Run) -> RunSummary:
    """One run in one row."""
    path, stamp = str(run.path), signature(run, _SEEN_BY_SUMMARY)
    found = _summaries.get(path)
    if found is not None and found[0] == stamp and _lasts(run, found[1].state):
        return found[1]
    row = summarise(run, jsonl.metrics) if found is not None and not is_long(run.file(METRICS)) else summarise(run)
    with _lock:
        _summaries[path] = (stamp, row)
        while len(_summaries) > _MOST_SUMMARIES:
            _summaries.popitem(last=False)
    return row


def _lasts(run: Run, state: str) -> bool:
    """Whether a run is in this state as long as its files do not change: the process of an active one may die, and one
    that seemed interrupted be heard of again, from another machine."""
    return state not in ACTIVE and (state != "interrupted" or run_state(run) == state)


@keyed_on((SNAPSHOTS,))
def snapshots(run: Run) -> dict[str, np.ndarray]:
    """The run's panel as arrays, read again only when its file changes. Raises `DamagedError`."""
    return run.snapshots()


@keyed_on((FIGURES,))
def figures(run: Run) -> dict[str, np.ndarray]:
    """The images of the report's figures stored with the run, by name. Raises `DamagedError` without them."""
    return run.tensors(FIGURES)


def _files(run: Run, method: str, dims: int, split: str) -> list[str]:
    return [SUMS, *map(str, projection_files(run, method, dims, split))]


@keyed_on(_files)
def projection(run: Run, method: str, dims: int, split: str = "test") -> Projection | None:
    """The run's saved projection of that kind, if it has one. Raises `DamagedError` when it cannot be read."""
    return read_projection(run, method, dims, split=split)
