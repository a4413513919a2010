"""The folder of a sweep in the store: its definition, its state and the results of its runs.

Its runs lie among all others and name the sweep in their experiment. `results.json` summarises them, so that a sweep
can be shown, and shipped, without them. Each file is written whole or not at all, as in run directories.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aecore import access
from aecore.config.experiment import difference
from aecore.errors import DamagedError, UserError, nearest, told
from aecore.metrics.measure_names import NAMED
from aecore.runs.json_files import read_table, update_status, write_table
from aecore.runs.measures import read_if_sound
from aecore.runs.records import Entries
from aecore.runs.run import EXPERIMENT, MEASURES, Run
from aecore.runs.staging import rename_free
from aecore.runs.state import ACTIVE, LOCK, true_state
from aecore.runs.store import Store, timed_id
from aecore.runs.summary import may_win, remarks_of, remarks_of_evaluation
from aecore.sweeps.definition import MEASURED, Point, Sweep
from aecore.temporary import temporary_folder

SWEEP, STATUS, RESULTS, LOG = "sweep.json", "status.json", "results.json", "log.txt"
SHELVES = ("gallery-sweeps", "sweeps")
FORMAT = 1


@dataclass(frozen=True)
class Row:
    """One run of a sweep: its settings, state and metrics."""

    run: str
    values: dict[str, Any]
    seed: int
    state: str
    corruption: str = "none"
    """The corruption that it was trained with."""
    epoch: int = 0
    epochs: int = 0
    seconds: float | None = None
    device: str = ""
    train_loss: float | None = None
    test_loss: float | None = None
    measured: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """The metrics of the output, by corruption of the test images in its written form."""
    measures: dict[str, float] = field(default_factory=dict)
    """The values of its measures by name; none where it was not measured."""
    error: str = ""
    remarks: list[str] = field(default_factory=list)
    """What is wrong with it, one line each; none in older results."""
    may_win: bool = True
    """Whether its scores count, as `aecore.runs.summary.may_win` says."""

    def score(self, goal: str, under: str = "none") -> float | None:
        """The value of one of `definition.GOALS`; `under` "own" means the corruption that the run was trained with."""
        if goal in NAMED:
            return self.measures.get(goal)
        if goal not in MEASURED:
            return getattr(self, goal)
        return self.measured.get(self.corruption if under == "own" else under, {}).get(goal)


@dataclass(frozen=True)
class SweepFolder:
    """One sweep's folder. Holds nothing but its path; each file is read when asked for."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def shipped(self) -> bool:
        return self.path.parent.name == SHELVES[0]

    def file(self, name: str) -> Path:
        return self.path / name

    def sweep(self) -> Sweep:
        """The definition. Raises `DamagedError` where there is none."""
        values = read_table(self.file(SWEEP), f"sweep {self.id}")
        values.pop("format", None)
        try:
            return Sweep.parse(values, known=True)
        except UserError as error:
            raise DamagedError(f"sweep {self.id}: {SWEEP} does not hold a valid sweep: {error}") from None

    def write_sweep(self, sweep: Sweep) -> None:
        write_table(self.file(SWEEP), {"format": FORMAT, **sweep.as_json()})

    def status(self) -> dict[str, Any]:
        """The status as it was last written; `state` checks it against the process."""
        return read_table(self.file(STATUS), f"sweep {self.id}")

    def owner(self) -> str:
        """The name of the person who made it; empty for the owner of the store."""
        with contextlib.suppress(DamagedError):
            return str(self.status().get("owner") or "")
        return ""

    def write_status(self, **changes: Any) -> None:
        update_status(self.file(STATUS), f"sweep {self.id}", changes, empty={})

    def state(self) -> str:
        """running, stopped, finished or failed; interrupted where its process has exited unexpectedly."""
        if self.shipped:
            return "finished"
        try:
            return true_state(self.status(), self.file(LOCK))
        except DamagedError:
            return "stopped"  # never started

    def results(self) -> list[Row]:
        """The rows as they were last written; none where there are no results yet. Raises `DamagedError`."""
        if not self.file(RESULTS).exists():
            return []
        try:
            rows = read_table(self.file(RESULTS), f"sweep {self.id}").get("runs")
        except DamagedError as error:
            hint = "" if self.shipped else "; if you remove it, it is made anew from the runs that are there"
            raise DamagedError(f"{error}{hint}") from None
        try:
            return [Row(**row) for row in rows]  # type: ignore[union-attr]
        except TypeError:
            raise DamagedError(f"sweep {self.id}: {RESULTS} does not hold rows of runs") from None

    def write_results(self, rows: list[Row]) -> None:
        write_table(self.file(RESULTS), {"format": FORMAT, "runs": [asdict(row) for row in rows]})


def create(sweep: Sweep, store: Store) -> SweepFolder:
    """A new folder with the definition in it, whole or not at all. Raises `UserError` to those who may not train."""
    access.check("sweeps")
    shelf = store.root / SHELVES[1]
    with told("a new sweep"):
        shelf.mkdir(parents=True, exist_ok=True)
        with temporary_folder(shelf, "new") as home:
            draft = SweepFolder(home)
            draft.write_sweep(sweep)
            if owner := access.current().name:
                draft.write_status(state="stopped", owner=owner)
            return SweepFolder(rename_free(home, shelf, timed_id(sweep.name)))


@told("changing the sweep")
def extend(folder: SweepFolder, wanted: Sweep) -> None:
    """Give a sweep other values, seeds or trials; its runs stay. Raises `UserError` where the runs would differ in
    more than that, and for a sweep that is running."""
    access.permit("sweeps", folder)
    if folder.shipped:
        raise UserError(f"sweep {folder.id} ships with the project and is read-only")
    if folder.state() in ACTIVE:
        raise UserError(f"sweep {folder.id} is running; stop it first")
    present = folder.sweep()
    changed = difference(present.experiment, wanted.experiment)
    if changed:
        key, (before, after) = next(iter(changed.items()))
        raise UserError(f"--extend: {key} is {before} in sweep {folder.id} and {after} in the file; start a new sweep")
    if set(present.vary) != set(wanted.vary):
        raise UserError(f"--extend: sweep {folder.id} varies {', '.join(present.vary)}; so must the file")
    if folder.file(STATUS).exists():  # it has not finished what it is now
        folder.write_status(state="stopped", error=None)
    folder.write_sweep(wanted.model_copy(update={"name": present.name}))


def sweeps(store: Store) -> list[SweepFolder]:
    """Every sweep's folder, the newest first, shipped ones last."""
    found = []
    for shelf in reversed(SHELVES):
        with contextlib.suppress(FileNotFoundError), os.scandir(store.root / shelf) as entries:
            names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
            found += [SweepFolder(store.root / shelf / name) for name in sorted(names, key=_by_time, reverse=True)]
    return found


def find(reference: str, store: Store) -> SweepFolder:
    """The sweep with that id or unique prefix of one. Raises `UserError` for none or several."""
    known = {folder.id: folder for folder in sweeps(store)}
    matching = (
        [reference] if reference in known else [name for name in known if reference and name.startswith(reference)]
    )
    if len(matching) == 1:
        return known[matching[0]]
    if matching:
        raise UserError(f"'{reference}' matches {len(matching)} sweeps: {', '.join(matching[:3])}")
    raise UserError(f"there is no sweep '{reference}': {nearest(reference, list(known)[:20])}")


def runs_of(folder: SweepFolder, store: Store) -> Iterator[Run]:
    """The sweep's runs, newest first."""
    # Most runs of a large store belong to no sweep or another: searching the bytes is faster than parsing them.
    named = json.dumps({"sweep": folder.id}, indent=1).splitlines()[1].strip().encode()
    for run in store.runs():
        with contextlib.suppress(OSError):
            if not run.shipped and named in run.file(EXPERIMENT).read_bytes():
                yield run


def rows(folder: SweepFolder, store: Store, read: Callable[[Sweep, Run], Row] | None = None) -> list[Row]:
    """A row for every run of the sweep: read from the run where it still exists, else as `results.json` has it.

    In the order of the sweep's values and seeds.
    """
    sweep, read = folder.sweep(), read or row_of
    kept = {row.run: row for row in folder.results()}
    if not folder.shipped:
        for run in runs_of(folder, store):
            if (known := kept.get(run.id)) is None or known.state != "finished" or _measured_since(run, known):
                with contextlib.suppress(DamagedError):
                    kept[run.id] = read(sweep, run)
    return sorted(kept.values(), key=lambda row: sort_key(sweep, row))


def _measured_since(run: Run, known: Row) -> bool:
    return not known.measures and run.file(MEASURES).exists()


def sort_key(sweep: Sweep, row: Row) -> tuple:
    """Sorts rows in the order of the sweep's values, then by seed."""
    ranks: list[Any] = []
    for key, values in sweep.vary.items():
        value = row.values.get(key)
        if isinstance(values, tuple) and value in values:
            ranks.append((0, values.index(value)))
        else:
            ranks.append((1, value if isinstance(value, int | float) else 0))
    return (*ranks, row.seed, row.run)


def row_of(sweep: Sweep, run: Run) -> Row:
    """The row of a run. Raises `DamagedError` for a run without a valid experiment."""
    experiment = run.experiment()
    point: Point = sweep.point_of(experiment)
    status: dict[str, Any] = {}
    with contextlib.suppress(DamagedError):
        status = run.status()
    metrics = run.course()
    last = metrics[-1] if metrics else {}
    state = true_state(status, run.file(LOCK)) if status else "damaged"
    evaluation = Entries()
    try:
        evaluation = run.evaluation()
    except DamagedError:
        state = state if state in ACTIVE else "damaged"
    measured = {entry["corruption"]: entry["metrics"] for entry in evaluation}
    remarks = [*remarks_of(status), *remarks_of_evaluation(status, evaluation)]
    return Row(
        run=run.id,
        values=dict(point.values),
        seed=point.seed,
        state=state,
        corruption=str(experiment.corruption).removesuffix("+once"),
        epoch=last.get("epoch", 0),
        epochs=experiment.training.epochs,
        seconds=last.get("seconds"),
        device=str(status.get("device") or ""),
        train_loss=last.get("train_loss"),
        test_loss=last.get("test_loss"),
        measured=measured,
        measures=_measures(run),
        error=str(status.get("error") or ""),
        remarks=[str(remark["text"]) for remark in remarks],
        may_win=may_win(status),
    )


def _measures(run: Run) -> dict[str, float]:
    found = read_if_sound(run)
    if found is None:
        return {}
    values = {name: found.value(name) for name in found.measures if name in NAMED}
    return {name: value for name, value in values.items() if value is not None}


def _by_time(name: str) -> tuple[str, str]:
    return name[-15:], name
