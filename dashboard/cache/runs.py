"""Runs for pages, read again only when their files change."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from aecore.latent.projection_store import Projection, projection_files, read_projection
from aecore.presets import presets
from aecore.runs.state import ACTIVE
from aecore.runs.store import EVALUATION, EXPERIMENT, FIGURES, METRICS, NOTES, SNAPSHOTS, STATUS, Run, Store
from aecore.runs.summary import RunSummary, summarise
from dashboard.cache import jsonl

_SEEN_BY_SUMMARY = (EXPERIMENT, STATUS, METRICS, EVALUATION, NOTES)


def summaries() -> list[RunSummary]:
    """Every run in one row, the shipped ones in the order of the reports, then the newest.

    A run is read again only if one of its files changed or it is active.
    """
    rows = [summary(run) for run in Store.default().runs()]
    order = {name: i for i, name in enumerate(presets())}
    return sorted(rows, key=lambda row: order.get(row.preset, len(order)) if row.shipped else len(order) + 1)


# Not one of Streamlit's caches: hashing their arguments takes longer than checking the files.
_summaries: OrderedDict[str, tuple[tuple, RunSummary]] = OrderedDict()


_MOST_SUMMARIES = 20_000


_lock = threading.Lock()


def summary(run: Run) -> RunSummary:
    """One run in one row. An active run is always read: its process may have died unexpectedly."""
    path, stamp = str(run.path), signature(run, _SEEN_BY_SUMMARY)
    found = _summaries.get(path)
    if found is not None and found[0] == stamp and found[1].state not in ACTIVE:
        return found[1]
    row = summarise(run, jsonl.metrics) if found is not None else summarise(run)
    with _lock:
        _summaries[path] = (stamp, row)
        while len(_summaries) > _MOST_SUMMARIES:
            _summaries.popitem(last=False)
    return row


def run_at(path: str) -> Run:
    """The run in that directory; caches are keyed on paths."""
    return Run(Path(path))


def signature(run: Run, names: Sequence[str]) -> tuple:
    """Times and sizes of these files, which tell whether any of them changed."""
    folder, stamps = str(run.path), []
    for name in names:
        try:
            status = os.stat(os.path.join(folder, name))
            stamps.append((status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


def snapshots(run: Run):
    """The run's panel as arrays, read again only when its file changes. Raises `DamagedError`."""
    return _tensors(str(run.path), SNAPSHOTS, signature(run, (SNAPSHOTS,)))


def figures(run: Run):
    """The images of the report's figures stored with the run, by name. Raises `DamagedError` without them."""
    return _tensors(str(run.path), FIGURES, signature(run, (FIGURES,)))


@st.cache_resource(max_entries=32, show_spinner=False)
def _tensors(path: str, name: str, stamp: tuple):
    return run_at(path).tensors(name)


def projection(run: Run, method: str, dims: int) -> Projection | None:
    """The run's saved projection of that kind, if it has one. Raises `DamagedError` when it cannot be read."""
    files = tuple(str(path) for path in projection_files(run, method, dims))
    return _projection(str(run.path), method, dims, signature(run, files))


@st.cache_resource(max_entries=32, show_spinner=False)
def _projection(path: str, method: str, dims: int, stamp: tuple) -> Projection | None:
    return read_projection(run_at(path), method, dims)
