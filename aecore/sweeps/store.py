"""Where a sweep lives: a folder of its own in the store with its definition, its state and the figures of its runs.

Its runs lie among all others and name the sweep in their experiment. `results.json` sums them up, so that a sweep can
be shown, and shipped, without them. Written as run directories are: whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aecore.config.experiment import difference
from aecore.errors import AecoreError, DamagedError, UserError, describe_os_error, nearest
from aecore.files import atomic_write
from aecore.runs.state import ACTIVE, LOCK, true_state
from aecore.runs.store import EXPERIMENT, Run, Store, now, read_table, timed_id
from aecore.sweeps.definition import MEASURED, Point, Sweep

SWEEP, STATUS, RESULTS, LOG = "sweep.json", "status.json", "results.json", "log.txt"
SHELVES = ("gallery-sweeps", "sweeps")
FORMAT = 1


@dataclass(frozen=True)
class Row:
    """One run of a sweep in figures."""

    run: str
    values: dict[str, Any]
    seed: int
    state: str
    corruption: str = "none"
    """What it was trained with."""
    epoch: int = 0
    epochs: int = 0
    seconds: float | None = None
    device: str = ""
    train_loss: float | None = None
    test_loss: float | None = None
    measured: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """By corruption of the test images, in its written form, the metrics of the output."""
    error: str = ""

    def figure(self, goal: str, under: str = "none") -> float | None:
        """One of `definition.GOALS`; `under` "own" means the corruption that the run was trained with."""
        if goal not in MEASURED:
            return getattr(self, goal)
        return self.measured.get(self.corruption if under == "own" else under, {}).get(goal)


@dataclass(frozen=True)
class SweepFolder:
    """One sweep's folder. Reads each file when asked; holds nothing but its path."""

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
        """Its definition. Raises `DamagedError` where there is none."""
        values = read_table(self.file(SWEEP), f"sweep {self.id}")
        values.pop("format", None)
        try:
            return Sweep.parse(values, known=True)
        except UserError as error:
            raise DamagedError(f"sweep {self.id}: {SWEEP} holds no valid sweep: {error}") from None

    def write_sweep(self, sweep: Sweep) -> None:
        self._write(SWEEP, {"format": FORMAT, **sweep.plain()})

    def status(self) -> dict[str, Any]:
        """What was last written about its state; `state` says what is true now."""
        return read_table(self.file(STATUS), f"sweep {self.id}")

    def write_status(self, **changes: Any) -> None:
        status: dict[str, Any] = {}
        with contextlib.suppress(DamagedError):
            status = self.status()
        self._write(STATUS, status | changes | {"updated": now()})

    def state(self) -> str:
        """running, stopped, finished, failed; interrupted where its process has gone without a word."""
        if self.shipped:
            return "finished"
        try:
            return true_state(self.status(), self.file(LOCK))
        except DamagedError:
            return "stopped"  # nobody has begun it yet

    def results(self) -> list[Row]:
        """The rows that were last written; empty where none were."""
        if not self.file(RESULTS).exists():
            return []
        rows = read_table(self.file(RESULTS), f"sweep {self.id}").get("runs")
        try:
            return [Row(**row) for row in rows]  # type: ignore[union-attr]
        except TypeError:
            raise DamagedError(f"sweep {self.id}: {RESULTS} holds no rows of runs") from None

    def write_results(self, rows: list[Row]) -> None:
        self._write(RESULTS, {"format": FORMAT, "runs": [asdict(row) for row in rows]})

    def _write(self, name: str, value: dict[str, Any]) -> None:
        atomic_write(self.file(name), (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def create(sweep: Sweep, store: Store) -> SweepFolder:
    """A new folder with the definition in it."""
    base = timed_id(sweep.name)
    shelf = store.root / SHELVES[1]
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, 1000):
            folder = SweepFolder(shelf / (base if attempt == 1 else f"{base}-{attempt}"))
            with contextlib.suppress(FileExistsError):
                folder.path.mkdir()
                folder.write_sweep(sweep)
                return folder
    except OSError as error:
        raise AecoreError(describe_os_error(error, "a new sweep")) from None
    raise AecoreError(f"could not find a free name for a sweep in {shelf}")


def extend(folder: SweepFolder, wanted: Sweep) -> None:
    """Give a sweep other values, seeds or trials; its runs stay. Raises `UserError` where the runs would differ in
    more than that, and for a sweep that is being carried out."""
    if folder.shipped:
        raise UserError(f"sweep {folder.id} ships with the project and stays as it is")
    if folder.state() in ACTIVE:
        raise UserError(f"sweep {folder.id} is being carried out; stop it first")
    present = folder.sweep()
    apart = difference(present.experiment, wanted.experiment)
    if apart:
        key, (before, after) = next(iter(apart.items()))
        raise UserError(f"--extend: {key} is {before} in sweep {folder.id} and {after} in the file; start a new sweep")
    if set(present.vary) != set(wanted.vary):
        raise UserError(f"--extend: sweep {folder.id} varies {', '.join(present.vary)}; so must the file")
    folder.write_sweep(wanted.model_copy(update={"name": present.name}))


def sweeps(store: Store) -> list[SweepFolder]:
    """Every sweep's folder, the newest first, shipped ones last."""
    found = []
    for shelf in reversed(SHELVES):
        with contextlib.suppress(FileNotFoundError), os.scandir(store.root / shelf) as entries:
            names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
            found += [SweepFolder(store.root / shelf / name) for name in sorted(names, key=_when, reverse=True)]
    return found


def find(reference: str, store: Store) -> SweepFolder:
    """The sweep of that id or unique beginning of one. Raises `UserError` for none or several."""
    known = {folder.id: folder for folder in sweeps(store)}
    matching = (
        [reference] if reference in known else [name for name in known if reference and name.startswith(reference)]
    )
    if len(matching) == 1:
        return known[matching[0]]
    if matching:
        raise UserError(f"'{reference}' fits {len(matching)} sweeps: {', '.join(matching[:3])}")
    raise UserError(f"there is no sweep '{reference}': {nearest(reference, list(known)[:20])}")


def runs_of(folder: SweepFolder, store: Store) -> Iterator[Run]:
    """The sweep's runs, newest first."""
    # Most runs of a large store belong to others: a look at the bytes spares reading their experiments.
    named = json.dumps({"sweep": folder.id}, indent=1).splitlines()[1].strip().encode()
    for run in store.runs():
        with contextlib.suppress(OSError):
            if not run.shipped and named in run.file(EXPERIMENT).read_bytes():
                yield run


def rows(folder: SweepFolder, store: Store, read: Callable[[Sweep, Run], Row] | None = None) -> list[Row]:
    """A row for every run of the sweep: of those that are there as they are now, else as `results.json` has them.

    Ordered by value and seed as the sweep has them.
    """
    sweep, read = folder.sweep(), read or row_of
    kept = {row.run: row for row in folder.results()}
    if not folder.shipped:
        for run in runs_of(folder, store):
            if (known := kept.get(run.id)) is None or known.state != "finished":
                with contextlib.suppress(DamagedError):
                    kept[run.id] = read(sweep, run)
    return sorted(kept.values(), key=lambda row: place(sweep, row))


def place(sweep: Sweep, row: Row) -> tuple:
    """Where a run stands in its sweep's order."""
    places: list[Any] = []
    for key, values in sweep.vary.items():
        value = row.values.get(key)
        if isinstance(values, tuple) and value in values:
            places.append((0, values.index(value)))
        else:
            places.append((1, value if isinstance(value, int | float) else 0))
    return (*places, row.seed, row.run)


def row_of(sweep: Sweep, run: Run) -> Row:
    """A run's row. Raises `DamagedError` for a run without a valid experiment."""
    experiment = run.experiment()
    point: Point = sweep.point_of(experiment)
    status: dict[str, Any] = {}
    with contextlib.suppress(DamagedError):
        status = run.status()
    course = run.metrics()
    last = course[-1] if course else {}
    measured = {}
    with contextlib.suppress(DamagedError):
        measured = {entry["corruption"]: entry["metrics"] for entry in run.evaluation()}
    return Row(
        run=run.id,
        values=dict(point.values),
        seed=point.seed,
        state=true_state(status, run.file(LOCK)) if status else "damaged",
        corruption=str(experiment.corruption).removesuffix("+once"),
        epoch=last.get("epoch", 0),
        epochs=experiment.training.epochs,
        seconds=last.get("seconds"),
        device=str(status.get("device") or ""),
        train_loss=last.get("train_loss"),
        test_loss=last.get("test_loss"),
        measured=measured,
        error=str(status.get("error") or ""),
    )


def _when(name: str) -> tuple[str, str]:
    return name[-15:], name
