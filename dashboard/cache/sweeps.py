"""A sweep for a page: its definition and rows, read again only when their files change."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from aecore.errors import DamagedError
from aecore.runs.json_files import read_table
from aecore.runs.run import EVALUATION, EXPERIMENT, MEASURES, METRICS, STATUS, Run
from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from aecore.sweeps import statistics
from aecore.sweeps.definition import GOALS, MEASURED, Sweep
from aecore.sweeps.store import RESULTS, SWEEP, Row, SweepFolder, row_of, sort_key, sweeps
from dashboard.cache.keyed import signature

_MOST_SWEEPS, _MOST_RUNS = 8, 50_000
_NAMED = re.compile(rb'^ "sweep": "([^"]*)"', re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Seen:
    """A sweep's definition and a row for each of its runs, in the sweep's order. A new object as soon as anything
    changes, so that results computed from it can be cached on it."""

    folder: SweepFolder
    sweep: Sweep
    rows: tuple[Row, ...]

    @property
    def total(self) -> int:
        """Runs in all, started or not."""
        return self.sweep.combinations * len(self.sweep.seeds)

    @property
    def done(self) -> int:
        """Finished runs; two with the same combination and seed count once."""
        return _done(self)


@lru_cache(maxsize=_MOST_SWEEPS)
def _done(seen: Seen) -> int:
    return len({json.dumps([row.values, row.seed]) for row in seen.rows if row.state == "finished"})


@lru_cache(maxsize=2 * _MOST_SWEEPS)
def groups(seen: Seen, goal: str, under: str) -> list[statistics.Group]:
    """The combinations that have the metric, in the sweep's order."""
    return statistics.groups(seen.sweep, seen.rows, goal, under)


@lru_cache(maxsize=_MOST_SWEEPS)
def metrics(seen: Seen) -> dict[str, list[str]]:
    """For each metric that any finished run has, the corruptions it was measured under: `none` first, then `own` if
    runs were trained with different ones; empty for a metric that is not measured on the test set."""
    rows = [row for row in seen.rows if row.state == "finished"]
    measured = statistics.measured_under(rows)
    order = sorted(measured, key=lambda under: under != "none")
    if len({row.corruption for row in rows}) > 1:
        order.insert(1 if order[:1] == ["none"] else 0, "own")
    found: dict[str, list[str]] = {}
    for goal in GOALS:
        if goal not in MEASURED:
            if _any(rows, goal, "none"):
                found[goal] = []
        elif under := [each for each in order if _any(rows, goal, each)]:
            found[goal] = under
    return found


def _any(rows: Iterable[Row], goal: str, under: str) -> bool:
    return any(row.score(goal, under) is not None for row in rows)


_seen: OrderedDict[str, tuple[tuple, dict[str, Row], Seen]] = OrderedDict()
_lock = threading.Lock()


def look(folder: SweepFolder, store: Store) -> Seen:
    """The sweep as it is now. Raises `DamagedError` if it has no valid definition."""
    path, stamp = str(folder.path), signature(Run(folder.path), (SWEEP, RESULTS))
    sweep, kept = definition(folder), _results(folder)
    fresh: dict[str, Row] = {}
    if not folder.shipped:
        for run in _runs_of(folder, store):
            if (known := kept.get(run.id)) is None or known.state != "finished":
                with contextlib.suppress(DamagedError):
                    fresh[run.id] = _row(sweep, run)
    with _lock:
        before = _seen.get(path)
        if before is not None and before[0] == stamp and before[1] == fresh:
            return before[2]
    rows = sorted((kept | fresh).values(), key=lambda row: sort_key(sweep, row))
    found = Seen(folder, sweep, tuple(rows))
    with _lock:
        _seen[path] = (stamp, fresh, found)
        _seen.move_to_end(path)
        while len(_seen) > _MOST_SWEEPS:
            _seen.popitem(last=False)
    return found


def is_there(sweep_id: str) -> bool:
    """Whether the store has that sweep, for links to it."""
    return any(folder.id == sweep_id for folder in sweeps(Store.default()))


def title(folder: SweepFolder) -> str:
    """The sweep's name, or its id if the definition cannot be read."""
    return _title(folder, signature(Run(folder.path), (SWEEP,)))


@lru_cache(maxsize=1000)
def _title(folder: SweepFolder, stamp: tuple) -> str:
    with contextlib.suppress(DamagedError):
        return str(read_table(folder.file(SWEEP), f"sweep {folder.id}").get("name") or folder.id)
    return folder.id


def definition(folder: SweepFolder) -> Sweep:
    """The sweep's definition. Raises `DamagedError` if there is no valid one."""
    return _definition(folder, signature(Run(folder.path), (SWEEP,)))


@lru_cache(maxsize=_MOST_SWEEPS)
def _definition(folder: SweepFolder, stamp: tuple) -> Sweep:
    # Definitions are checked when they enter the store: checking each of 10,000 runs again takes many seconds.
    values = read_table(folder.file(SWEEP), f"sweep {folder.id}")
    values.pop("format", None)
    try:
        return Sweep.model_validate(values)
    except ValidationError:
        return folder.sweep()


def _results(folder: SweepFolder) -> dict[str, Row]:
    return _kept_results(folder, signature(Run(folder.path), (RESULTS,)))


@lru_cache(maxsize=_MOST_SWEEPS)
def _kept_results(folder: SweepFolder, stamp: tuple) -> dict[str, Row]:
    return {row.run: row for row in folder.results()}


_sweep_of: dict[str, str] = {}
_rows: OrderedDict[str, tuple[tuple, Row]] = OrderedDict()


def _runs_of(folder: SweepFolder, store: Store) -> list[Run]:
    """The runs whose experiment names the sweep. An experiment is written once, so each is read once."""
    found = []
    for run in store.runs():
        if run.shipped:
            continue
        path = str(run.path)
        named = _sweep_of.get(path)
        if named is None:
            try:
                match = _NAMED.search(run.file(EXPERIMENT).read_bytes())
            except OSError:
                continue  # being written
            named = match[1].decode(errors="replace") if match else ""
            if len(_sweep_of) > _MOST_RUNS:
                _sweep_of.clear()
            _sweep_of[path] = named
        if named == folder.id:
            found.append(run)
    return found


def _row(sweep: Sweep, run: Run) -> Row:
    """A run's row. An active run is always read: its process may have died unexpectedly."""
    path, stamp = str(run.path), signature(run, (EXPERIMENT, STATUS, METRICS, EVALUATION, MEASURES))
    known = _rows.get(path)
    if known is not None and known[0] == stamp and known[1].state not in ACTIVE:
        return known[1]
    row = row_of(sweep, run)
    with _lock:
        _rows[path] = (stamp, row)
        while len(_rows) > _MOST_RUNS:
            _rows.popitem(last=False)
    return row


def left_s(seen: Seen, status: dict[str, Any]) -> float | None:
    """Estimated time left, from the progress since the sweep was last started; None as long as it is unknown."""
    try:
        began = datetime.fromisoformat(str(status.get("started"))).timestamp()
    except ValueError:
        return None
    since = time.strftime("%Y%m%d-%H%M%S", time.localtime(began))  # as in the ids of the runs it has made
    fresh = [row for row in seen.rows if (made := re.search(r"-(\d{8}-\d{6})(-\d+)?$", row.run)) and made[1] >= since]
    finished = sum(row.state == "finished" for row in fresh)
    partly = sum(row.epoch / row.epochs for row in fresh if row.state in ACTIVE and row.epochs)
    if finished < 1:
        return None
    return max(seen.total - seen.done - partly, 0) * max(time.time() - began, 0) / (finished + partly)
