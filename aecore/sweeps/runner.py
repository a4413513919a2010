"""Carrying a sweep out: what is missing is started, what was cut off goes on, and every end is written down.

All that it knows lies in the store, so that it can be stopped at any time, by any means, and go on later.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from aecore import demo, jobs
from aecore.errors import AecoreError, DamagedError, UserError, describe_os_error
from aecore.jobs import detach
from aecore.runs.process import is_alive, is_here, this_process
from aecore.runs.state import ACTIVE, LOCK, RESUMABLE, heartbeat
from aecore.runs.store import LOG, Run, Store, now
from aecore.sweeps.definition import Point, Sweep
from aecore.sweeps.executors import Engine
from aecore.sweeps.store import Row, SweepFolder, place, row_of, rows, runs_of

TICK_S = 0.5
ENGINES = ("local", "ray")
OPTIONS = ("device", "address", "cpus", "gpus")
"""Of the command line: how a sweep is carried out."""
STOP_S = 30
"""After so long a stop no longer waits for runs that do not end."""
WRITE_S, WRITE_SHARE = 2, 20
"""results.json is written at most so often while runs end, and at most one part in twenty of the time goes into it."""


@dataclass(frozen=True)
class Told:
    """What has just happened: a run was started, or has ended."""

    row: Row
    ended: bool
    done: int
    total: int


def check(sweep: Sweep, device: str = "auto") -> None:
    """Raise `UserError` for the first run that could not be carried out, saying which it is."""
    if sweep.method == "search":
        jobs.check(sweep.experiment, device)
    for values in sweep.combined():
        point = Point(values, sweep.seeds[0])
        try:
            jobs.check(sweep.experiment_of(point), device)
        except UserError as error:
            raise UserError(f"the run with {point.label}: {error}") from None


def begin(folder: SweepFolder, on: str = "", options: Mapping[str, Any] | None = None) -> None:
    """Carry a sweep out in a process that outlives this one. `options` are those of the command line; without them it
    goes on where and how it was carried out before. Raises `UserError` when it is being carried out already."""
    demo.refuse("sweeps")
    if folder.state() in ACTIVE:  # a second press must not write over what the first one's process tells
        raise UserError(f"sweep {folder.id} is being carried out already")
    if not on:
        with contextlib.suppress(DamagedError):
            before = folder.status()
            on, options = str(before.get("on") or ""), before.get("options")
    on, options = on if on in ENGINES else "local", options or {}
    options = {name: value for name, value in options.items() if name in OPTIONS and value}
    arguments = ["sweep", folder.id, "--on", on]
    for name, value in options.items():
        arguments += [f"--{name}", str(value)]
    folder.write_status(state="queued", process=None, error=None, on=on, options=options)
    with folder.file(LOG).open("ab") as log:
        detach.start_detached(arguments, log)


def stop(folder: SweepFolder, wait_s: float = 60) -> str:
    """Ask the sweep's process to stop its runs cleanly and to end; returns the state then."""
    demo.refuse("stopping sweeps")
    if folder.state() not in ACTIVE:
        raise UserError(f"sweep {folder.id} is {folder.state()}, there is nothing to stop")
    process = folder.status().get("process")
    if process and not is_here(process):
        raise UserError(f"sweep {folder.id} is carried out on {process.get('host')}; stop it there")
    if process and is_alive(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process["pid"], signal.SIGTERM)
    deadline = time.monotonic() + wait_s
    while folder.state() in ACTIVE and time.monotonic() < deadline:
        time.sleep(0.1)
    return folder.state()


def carry_out(
    folder: SweepFolder,
    store: Store,
    engine: Engine,
    device: str = "auto",
    stopped: Callable[[], bool] = lambda: False,
    options: Mapping[str, Any] | None = None,
) -> Iterator[Told]:
    """Run all that is missing, telling of each start and end; over when all is done or `stopped()`.

    `options` are those that `begin` would need to go on with it in the same way.

    A run that was stopped, interrupted or has failed goes on. Raises `UserError` when the sweep is being carried
    out already, `AecoreError` when the store cannot be written.
    """
    demo.refuse("sweeps")
    if folder.shipped:
        raise UserError(f"sweep {folder.id} ships with the project and stays as it is")
    try:
        writer = filelock.FileLock(folder.file(LOCK), timeout=0).acquire()
    except filelock.Timeout:
        raise UserError(f"sweep {folder.id} is being carried out already") from None
    with writer, heartbeat(folder.file(LOCK)):
        about = {"on": engine.name, "options": dict(options or {"device": device}), "started": now()}
        folder.write_status(state="running", process=this_process(), error=None, **about)
        state, error = "failed", "its process ended without a word"
        try:
            yield from _Carrying(folder, store, engine, device).run(stopped)
            state, error = ("stopped" if stopped() else "finished"), None
        except GeneratorExit:
            state, error = "stopped", None
            raise
        except AecoreError as problem:
            error = str(problem)
            raise
        finally:
            if state != "finished":
                engine.stop()
            engine.close()
            with contextlib.suppress(OSError):
                folder.write_status(state=state, process=None, error=error, ended=now())


class _Carrying:
    """One carrying out of a sweep."""

    def __init__(self, folder: SweepFolder, store: Store, engine: Engine, device: str) -> None:
        self.folder, self.store, self.engine, self.device = folder, store, engine, device
        self.sweep = folder.sweep()
        self.runs = {run.id: run for run in runs_of(folder, store)}
        self.rows = {_key(row.values, row.seed): row for row in _best_last(rows(folder, store))}
        self.due = 0.0
        """When results.json may be written again."""

    def run(self, stopped: Callable[[], bool]) -> Iterator[Told]:
        chooser = self._chooser()
        waiting: list[Point] = []
        active: dict[str, Point] = {}
        over, patience = False, math.inf
        while True:
            while not stopped() and not over and self.engine.room():
                if not waiting:
                    chosen = chooser.next()
                    if chosen is None:
                        break  # none for now, or none at all
                    waiting = [p for seed in self.sweep.seeds if self._missing(p := Point(chosen, seed))]
                    continue
                point = waiting.pop(0)
                run = self._prepared(point)
                active[run.id] = point
                self.engine.start(run)
                yield self._told(point, run, ended=False)
            if stopped() and not over:
                over, patience = True, time.monotonic() + STOP_S
            if over:
                self.engine.stop()
            # What waits for a node that is gone never hears of the stop: it goes on from its last save another time.
            if over and (not active or time.monotonic() > patience):
                break
            if not active and not waiting and chooser.over():
                break
            for run, state in self.engine.ended(TICK_S):
                point = active.pop(run.id)
                if state in ACTIVE:  # told to stop before it had begun
                    jobs.give_up(run, "", state="stopped")
                told = self._told(point, run, ended=True)
                chooser.ended(point.values)
                yield told
        self._write(at_once=True)

    def _chooser(self) -> Any:
        if self.sweep.method != "search":
            return _Listed(self.sweep)
        from aecore.sweeps.optuna_search import Search

        return Search(self.sweep, self.rows, _key, self._check)

    def _check(self, values: Mapping[str, Any]) -> None:
        jobs.check(self.sweep.experiment_of(Point(values, self.sweep.seeds[0])), self.device)

    def _missing(self, point: Point) -> bool:
        row = self.rows.get(_key(point.values, point.seed))
        return row is None or row.state in RESUMABLE or (row.run not in self.runs and row.state != "finished")

    def _prepared(self, point: Point) -> Run:
        """The run of this point, queued: the one that was cut off, else a new one."""
        row = self.rows.get(_key(point.values, point.seed))
        if row is not None and row.run in self.runs:
            jobs.requeue(self.runs[row.run])
            return self.runs[row.run]
        run = jobs.submit(self.sweep.experiment_of(point, self.folder.id), self.device, self.store)
        self.runs[run.id] = run
        return run

    def _told(self, point: Point, run: Run, ended: bool) -> Told:
        with contextlib.suppress(DamagedError):
            self.rows[_key(point.values, point.seed)] = row_of(self.sweep, run)
        self._write()
        done = sum(row.state == "finished" for row in self.rows.values())
        return Told(
            self.rows[_key(point.values, point.seed)], ended, done, self.sweep.combinations * len(self.sweep.seeds)
        )

    def _write(self, at_once: bool = False) -> None:
        begun = time.monotonic()
        if at_once or begun >= self.due:
            self.folder.write_results(sorted(self.rows.values(), key=lambda row: place(self.sweep, row)))
            ended = time.monotonic()
            self.due = ended + max(WRITE_S, (ended - begun) * WRITE_SHARE)


class _Listed:
    """The combinations of a grid or of chance, in their order."""

    def __init__(self, sweep: Sweep) -> None:
        self.left = sweep.combined()
        self.done = False

    def next(self) -> dict[str, Any] | None:
        found = next(self.left, None)
        self.done = found is None
        return found

    def over(self) -> bool:
        return self.done

    def ended(self, values: Mapping[str, Any]) -> None:
        """Nothing follows from it."""


def _key(values: Mapping[str, Any], seed: int) -> str:
    return json.dumps([dict(values), seed], sort_keys=True)


def _best_last(found: list[Row]) -> list[Row]:
    """So that of two runs of one point the finished one counts."""
    return sorted(found, key=lambda row: (row.state == "finished", row.run))


def check_store(store: Store) -> None:
    """Raise `AecoreError` in one line where the store's directory lacks what many machines need of it: files that
    appear whole by a rename, and locks that exclude."""
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".check-", dir=store.root) as folder:
            first, second = Path(folder) / "first", Path(folder) / "second"
            first.write_text("whole")
            os.replace(first, second)
            if second.read_text() != "whole" or first.exists():
                raise AecoreError(f"{store.root} is no place for a store: a renamed file is not what it was")
            with filelock.FileLock(Path(folder) / "lock", timeout=0):
                try:
                    filelock.FileLock(Path(folder) / "lock", timeout=0, is_singleton=False).acquire()
                except filelock.Timeout:
                    return
            raise AecoreError(
                f"{store.root} is no place for a store: locks do not exclude there (an NFS mount needs locking, "
                "not nolock)"
            )
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"checking the store {store.root}")) from None
