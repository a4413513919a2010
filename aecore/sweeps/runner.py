"""Running a sweep: start the runs that are missing, resume those that were cut off, record how each ends.

Everything it needs is in the store, so that it can be stopped at any time, by any means, and resumed later.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import filelock

from aecore import access, jobs
from aecore.errors import AecoreError, DamagedError, UserError, describe_os_error, told
from aecore.jobs import detach
from aecore.runs.json_files import now
from aecore.runs.process import is_alive, is_here, this_process
from aecore.runs.run import LOG, Run
from aecore.runs.state import ACTIVE, LOCK, RESUMABLE, heartbeat
from aecore.runs.store import Store
from aecore.sweeps.choosers import Chooser, ListedCombinations
from aecore.sweeps.definition import Point, Sweep
from aecore.sweeps.executors import Executor
from aecore.sweeps.panels import write_panels
from aecore.sweeps.store import Row, SweepFolder, row_of, rows, runs_of, sort_key
from aecore.temporary import temporary_folder

TICK_S = 0.5
EXECUTORS = ("local", "ray")
OPTIONS = ("device", "address", "cpus", "gpus")
"""Options of the command line that choose how a sweep is executed."""
STOP_S = 30
"""How long a stop waits for runs to end."""
WRITE_S, WRITE_SHARE = 2, 20
"""While runs end, results.json is written at most every two seconds, and for at most a twentieth of the time."""


@dataclass(frozen=True)
class SweepEvent:
    """A run was started, or has ended."""

    row: Row
    ended: bool
    done: int
    """Finished runs of the sweep so far."""
    total: int


def check(sweep: Sweep, device: str = "auto") -> None:
    """Raise `UserError` for the first run that could not be trained, naming its values."""
    if sweep.method == "search":
        jobs.check(sweep.experiment, device)
    for values in sweep.each_combination():
        point = Point(values, sweep.seeds[0])
        try:
            jobs.check(sweep.experiment_of(point), device)
        except UserError as error:
            raise UserError(f"the run with {point.label}: {error}") from None


@told("starting the sweep")
def start(folder: SweepFolder, on: str = "", options: Mapping[str, Any] | None = None) -> None:
    """Run a sweep in a process that outlives this one. `options` are those of the command line; without `on` it resumes
    on the executor and with the options that it had before. Raises `UserError` when it is already running."""
    access.permit("sweeps", folder)
    if folder.state() in ACTIVE:  # a second click must not overwrite the status of the first one's process
        raise UserError(f"sweep {folder.id} is already running")
    if not on:
        with contextlib.suppress(DamagedError):
            before = folder.status()
            on, options = str(before.get("on") or ""), before.get("options")
    on, options = on if on in EXECUTORS else "local", options or {}
    options = {name: value for name, value in options.items() if name in OPTIONS and value}
    arguments = ["sweep", folder.id, "--on", on]
    for name, value in options.items():
        arguments += [f"--{name}", str(value)]
    folder.write_status(state="queued", process=None, error=None, on=on, options=options)
    try:
        with folder.file(LOG).open("ab") as log:
            detach.start_detached(arguments, log)
    except OSError as error:
        with contextlib.suppress(OSError):
            line = describe_os_error(error, "starting the sweep")
            folder.write_status(state="failed", error=line, process=None)
        raise


@told("stopping the sweep")
def stop(folder: SweepFolder, wait_s: float = 60) -> str:
    """Ask the sweep's process to stop its runs cleanly, wait up to `wait_s` seconds, and return the state then.

    Raises `UserError` when the sweep is not active, or runs on another machine.
    """
    access.permit("stopping sweeps", folder)
    if folder.state() not in ACTIVE:
        raise UserError(f"sweep {folder.id} is {folder.state()}, there is nothing to stop")
    process = folder.status().get("process")
    if process and not is_here(process):
        raise UserError(f"sweep {folder.id} runs on {process.get('host')}; stop it there")
    if process and is_alive(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process["pid"], signal.SIGTERM)
    deadline = time.monotonic() + wait_s
    while folder.state() in ACTIVE and time.monotonic() < deadline:
        time.sleep(0.1)
    return folder.state()


def run_sweep(
    folder: SweepFolder,
    store: Store,
    executor: Executor,
    device: str = "auto",
    stopped: Callable[[], bool] = lambda: False,
    options: Mapping[str, Any] | None = None,
) -> Iterator[SweepEvent]:
    """Train all runs that are missing, yielding at each start and end, until all are done or `stopped()`.

    Runs that were stopped, were interrupted or have failed are resumed. `options` are recorded, so that `start` can
    resume the sweep in the same way. Raises `UserError` when the sweep is already running, `AecoreError` when the store
    cannot be written.
    """
    access.check("sweeps", folder)
    if folder.shipped:
        raise UserError(f"sweep {folder.id} ships with the project and is read-only")
    try:
        lock = filelock.FileLock(folder.file(LOCK), timeout=0).acquire()
    except filelock.Timeout:
        raise UserError(f"sweep {folder.id} is already running") from None
    except OSError as problem:
        raise AecoreError(describe_os_error(problem, f"sweep {folder.id}")) from None
    with lock, heartbeat(folder.file(LOCK)), told(f"sweep {folder.id}"):
        about = {"on": executor.name, "options": dict(options or {"device": device}), "started": now()}
        folder.write_status(state="running", process=this_process(), error=None, **about)
        state, error = "failed", "its process ended unexpectedly"
        try:
            at_work = _SweepRun(folder, store, executor, device)
            yield from at_work.events(stopped)
            error = at_work.unfinished()
            state, error = ("stopped", None if stopped() else error) if error else ("finished", None)
        except GeneratorExit:
            state, error = "stopped", None
            raise
        except AecoreError as problem:
            error = str(problem)
            raise
        except OSError as problem:
            error = describe_os_error(problem, f"sweep {folder.id}")
            raise
        finally:
            if state != "finished":
                executor.stop()
            executor.close()
            with contextlib.suppress(OSError, AecoreError):
                done = {row.run for row in rows(folder, store) if row.state == "finished"}
                write_panels(folder, (run for run in runs_of(folder, store) if run.id in done))
            with contextlib.suppress(OSError):
                folder.write_status(state=state, process=None, error=error, ended=now())


class _SweepRun:
    """One call of `run_sweep`: which runs there are, which are missing, and what is written about them."""

    def __init__(self, folder: SweepFolder, store: Store, executor: Executor, device: str) -> None:
        self.folder, self.store, self.executor, self.device = folder, store, executor, device
        self.sweep = folder.sweep()
        self.runs = {run.id: run for run in runs_of(folder, store)}
        self.rows = {_key(row.values, row.seed): row for row in _finished_last(rows(folder, store))}
        self.due = 0.0
        """When results.json may be written again."""

    def events(self, stopped: Callable[[], bool]) -> Iterator[SweepEvent]:
        chooser = self._chooser()
        waiting: list[Point] = []
        active: dict[str, Point] = {}
        stopping, deadline = False, math.inf
        while True:
            while not stopped() and not stopping and self.executor.free_slots():
                if not waiting:
                    chosen = chooser.next()
                    if chosen is None:
                        break  # none until a run has ended, or none at all
                    waiting = [p for seed in self.sweep.seeds if self._missing(p := Point(chosen, seed))]
                    continue
                point = waiting.pop(0)
                run = self._queued_run(point)
                active[run.id] = point
                self.executor.start(run)
                yield self._event(point, run, ended=False)
            if stopped() and not stopping:
                stopping, deadline = True, time.monotonic() + STOP_S
            if stopping:
                self.executor.stop()
            # A run that waits for a lost node never reacts to the stop: it can be resumed from its last save.
            if stopping and (not active or time.monotonic() > deadline):
                break
            if not active and not waiting and chooser.exhausted():
                if not (elsewhere := self._elsewhere()):
                    break
                time.sleep(TICK_S)
                for point, run in elsewhere:
                    event = self._event(point, run, ended=True)
                    if self._missing(point) and event.row.state != "stopped":  # its process has died
                        waiting.append(point)
                    elif event.row.state not in ACTIVE:
                        chooser.run_ended(point.values)
                        yield event
                continue
            for run, state in self.executor.collect(TICK_S):
                point = active.pop(run.id)
                if state in ACTIVE:  # stopped before it had begun
                    jobs.give_up(run, "", state="stopped")
                event = self._event(point, run, ended=True)
                chooser.run_ended(point.values)
                yield event
        self._write(at_once=True)

    def _chooser(self) -> Chooser:
        if self.sweep.method != "search":
            return ListedCombinations(self.sweep)
        from aecore.sweeps.optuna_search import Search

        return Search(self.sweep, self.rows, _key, self._check)

    def _check(self, values: Mapping[str, Any]) -> None:
        jobs.check(self.sweep.experiment_of(Point(values, self.sweep.seeds[0])), self.device)

    def _missing(self, point: Point) -> bool:
        row = self.rows.get(_key(point.values, point.seed))
        if row is not None and row.state == "damaged":
            return True
        return row is None or row.state in RESUMABLE or (row.run not in self.runs and row.state != "finished")

    def _queued_run(self, point: Point) -> Run:
        """The run of this point, queued: the one that was cut off, else a new one."""
        row = self.rows.get(_key(point.values, point.seed))
        if row is not None and row.run in self.runs and row.state != "damaged":
            jobs.requeue(self.runs[row.run])
            return self.runs[row.run]
        run = jobs.submit(self.sweep.experiment_of(point, self.folder.id), self.device, self.store)
        self.runs[run.id] = run
        return run

    def _elsewhere(self) -> list[tuple[Point, Run]]:
        """The runs that others work on, such as one that a person has resumed: the sweep ends when they have."""
        found = [row for row in self.rows.values() if row.state in ACTIVE and row.run in self.runs]
        return [(Point(row.values, row.seed), self.runs[row.run]) for row in found]

    def unfinished(self) -> str:
        """Which runs have neither finished nor failed, in one line; empty where all have."""
        # A search has no list of points: what it has chosen are its rows.
        keys = {_key(point.values, point.seed) for point in self.sweep.points()} or self.rows.keys()
        states = [self.rows[key].state if key in self.rows else "missing" for key in keys]
        left = Counter(state for state in states if state not in ("finished", "failed"))
        if not left:
            return ""
        parts = ", ".join(f"{number:,} {state}" for state, number in sorted(left.items()))
        return f"{sum(left.values()):,} of {len(states):,} runs did not finish ({parts}); resume the sweep"

    def _event(self, point: Point, run: Run, ended: bool) -> SweepEvent:
        key = _key(point.values, point.seed)
        try:
            self.rows[key] = row_of(self.sweep, run)
        except DamagedError as error:
            known = self.rows.get(key, Row(run.id, dict(point.values), point.seed, "damaged"))
            self.rows[key] = replace(known, state="damaged", error=str(error))
        self._write()
        done = sum(row.state == "finished" for row in self.rows.values())
        return SweepEvent(self.rows[key], ended, done, self.sweep.combinations * len(self.sweep.seeds))

    def _write(self, at_once: bool = False) -> None:
        begun = time.monotonic()
        if at_once or begun >= self.due:
            self.folder.write_results(sorted(self.rows.values(), key=lambda row: sort_key(self.sweep, row)))
            ended = time.monotonic()
            self.due = ended + max(WRITE_S, (ended - begun) * WRITE_SHARE)


def _key(values: Mapping[str, Any], seed: int) -> str:
    return json.dumps([dict(values), seed], sort_keys=True)


def _finished_last(found: list[Row]) -> list[Row]:
    """Sorted so that of two runs of one point the finished one counts."""
    return sorted(found, key=lambda row: (row.state == "finished", row.run))


def check_store(store: Store) -> None:
    """Raise `AecoreError` where the store's directory lacks what several processes need: atomic renames, and locks that
    exclude each other."""
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        with temporary_folder(store.root, "check") as folder:
            first, second = folder / "first", folder / "second"
            first.write_text("whole")
            os.replace(first, second)
            if second.read_text() != "whole" or first.exists():
                raise AecoreError(f"{store.root} cannot be a store: a renamed file has lost its content")
            with filelock.FileLock(folder / "lock", timeout=0):
                try:
                    filelock.FileLock(folder / "lock", timeout=0, is_singleton=False).acquire()
                except filelock.Timeout:
                    return
            raise AecoreError(
                f"{store.root} cannot be a store: locks do not exclude each other there (an NFS mount needs locking, "
                "not nolock)"
            )
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"checking the store {store.root}")) from None
