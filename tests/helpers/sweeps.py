"""Small real sweeps: their definition, an executor without processes, and copies in other stores."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from aecore import jobs
from aecore.runs.run import Run
from aecore.runs.store import Store
from aecore.sweeps import runner
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import Point, Sweep
from aecore.sweeps.store import SHELVES, Row, SweepFolder

GRID = {
    "name": "Sizes",
    "base": "digits-quick",
    "set": {
        "training": {"epochs": 1},
        "data": {"name": "digits", "train_images": 100},
        "model.dense": [32],
        "evaluation.corruptions": ["none", "gaussian:0.3"],
    },
    "vary": {"model.bottleneck.size": [2, 4], "corruption": ["none", "gaussian:0.30"]},
    "seeds": 2,
}


def made(**changes) -> Sweep:
    return Sweep.parse(GRID | changes)


class InProcess:
    """An engine for tests: works on each run here and now."""

    name = "here"

    def __init__(self, broken=lambda run: False):
        self.done, self.order, self.broken, self.closed = [], [], broken, False

    def free_slots(self):
        return 1 - len(self.done)

    def start(self, run: Run):
        self.order.append(run.id)
        if self.broken(run):
            jobs.give_up(run, "it broke")
            self.done.append((run, "failed"))
        else:
            self.done.append((run, jobs.work(run)))

    def collect(self, timeout_s):
        found, self.done = self.done, []
        return found

    def stop(self):
        pass

    def close(self):
        self.closed = True


def carried(sweep_folder, store, engine=None, stopped=lambda: False):
    return list(runner.run_sweep(sweep_folder, store, engine or InProcess(), "cpu", stopped))


SMALL = {
    "name": "Sizes and noise",
    "base": "digits-quick",
    "set": {"training": {"epochs": 1}, "data.train_images": 100, "evaluation.corruptions": ["none", "gaussian:0.3"]},
    "vary": {"model.bottleneck.size": [2, 8], "corruption": ["none", "gaussian:0.3"]},
    "seeds": 2,
}


def carried_out(store: Store, **changes) -> SweepFolder:
    """The sweep, with all its runs trained."""
    made = sweep_store.create(Sweep.parse(SMALL | changes), store)
    for told in runner.run_sweep(made, store, InProcess(), "cpu"):
        assert not told.ended or told.row.state == "finished", told
    return made


def copied(sweep: SweepFolder, store: Store) -> SweepFolder:
    """The same with its runs in another store."""
    old = sweep.path.parent.parent
    for run in sweep_store.runs_of(sweep, Store(old)):
        shutil.copytree(run.path, store.root / "runs" / run.id)
    shutil.copytree(sweep.path, store.root / SHELVES[1] / sweep.id)
    return SweepFolder(store.root / SHELVES[1] / sweep.id)


def shipped(sweep: SweepFolder, store: Store) -> SweepFolder:
    """The same without its runs, as a sweep that comes with the project."""
    target = SweepFolder(store.root / SHELVES[0] / Path(sweep.id).name)
    target.path.mkdir(parents=True)
    for name in ("sweep.json", "results.json"):
        shutil.copy(sweep.file(name), target.file(name))
    return target


def rows_of(sweep: Sweep, score: Callable[[Point], float]) -> list[Row]:
    """A finished run for every point of the sweep, with that MSE on clean test images."""
    return [
        Row(f"r{i}", dict(point.values), point.seed, "finished", measured={"none": {"mse": score(point)}})
        for i, point in enumerate(sweep.points())
    ]
