"""Who may queue a training, and how large a one: the limits of the person at work, checked as the run is made."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import filelock

from aecore import access
from aecore.access import Limits, Person
from aecore.access.limits import VISITORS
from aecore.access.person import VISITOR
from aecore.config.experiment import Experiment
from aecore.data.catalogue import CATALOGUE
from aecore.data.load_set import prepared
from aecore.errors import AecoreError, DamagedError, UserError
from aecore.jobs.estimate import GB, estimate
from aecore.models.layer import Plan
from aecore.runs.due import is_due
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE, run_state
from aecore.runs.store import Store
from aecore.runs.trash import remove_for_good

LOCK = ".submit.lock"
LOCK_WAIT_S = 30
CONFIRMED_AFTER_S = 1800


def check_data(name: str) -> None:
    """Raise `UserError` where the person at work may not train, or may not train on these images."""
    access.check("training", visitors=True)
    if access.current().visitor and not (name in CATALOGUE and prepared(name)):
        raise UserError(f"data.name: this public demo trains on image sets that it has prepared, and '{name}' is not")


@contextlib.contextmanager
def admission(store: Store, experiment: Experiment, images: int, solved: Plan) -> Iterator[Person]:
    """The person for whom a run may be made inside the block; `images` counts those held out too.

    Nobody else of limited means makes one meanwhile, so that of many who start at once no more get in than may.
    Raises `UserError`, naming the limit, for a training that is larger than they are allowed, or one too many.
    """
    person = access.current()
    access.permit("training", visitors=True, on=experiment.title)
    limits = access.limits_of(person)
    if limits == Limits():
        yield person
        return
    _check_size(person, limits, experiment, images, solved)
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(store.root / LOCK, timeout=LOCK_WAIT_S)
    except OSError:
        yield person  # a disk that cannot be written: making the run says so
        return
    try:
        lock.acquire()
    except filelock.Timeout:
        raise AecoreError("many people are starting trainings at this moment; try again") from None
    with lock:
        _check_count(person, limits, store)
        yield person


def _check_size(person: Person, limits: Limits, experiment: Experiment, images: int, solved: Plan) -> None:
    costs = estimate(experiment, solved)
    wanted = (
        ("training.epochs", experiment.training.epochs, limits.epochs, "epochs"),
        ("data.train_images", images, limits.train_images, "images, those held out included"),
        ("model", solved.parameters, limits.parameters, "parameters"),
        ("training.batch_size", round(costs.bytes / GB, 1), limits.memory_gb, "GB of memory"),
        ("model", round(costs.multiplications / 1e12, 1), limits.multiplications, "· 10¹² multiplications"),
    )
    who = "this public demo" if person.visitor else f"the role '{person.role}'"
    if person.visitor and experiment.evaluation.measure:
        raise UserError("evaluation.measure: this public demo measures no runs; set it to false")
    for key, asked, most, what in wanted:
        if asked > most:
            raise UserError(f"{key}: {who} allows at most {most:,.15g} {what}, got {asked:,}")


def _check_count(person: Person, limits: Limits, store: Store) -> None:
    if person.visitor:
        active = sum(run_state(run) in ACTIVE and not run.status().get("remote") for run in store.runs())
        if active >= limits.waiting:
            raise UserError(f"this public demo has {active} trainings queued or running, its limit; try again later")
        return
    own = [run for run in store.runs() if not run.shipped and run.owner() == person.name]
    active = sum(run_state(run) in ACTIVE for run in own)
    if active >= limits.waiting:
        raise UserError(f"you have {active} trainings queued or running, the limit; wait for one or stop it")
    used = sum(_size(run.path) for run in own)
    if used >= limits.disk_gb * GB:
        raise UserError(
            f"your runs take {used / GB:.1f} GB on the disk, and {limits.disk_gb:g} is the limit; delete some"
        )


def remove_expired(store: Store | None = None) -> list[str]:
    """Remove what visitors of a demo trained and nobody has needed for long, and return the ids. Twice the clock must
    have said so."""
    kept_s, removed = VISITORS.hours * 3600, []
    for run in (store or Store.default()).runs():
        if run.shipped or run.owner() != VISITOR or run_state(run) in ACTIVE:
            continue
        with contextlib.suppress(OSError, AecoreError):
            if is_due(run.path, _ended(run), kept_s, CONFIRMED_AFTER_S):
                remove_for_good(run.path, run.id)
                removed.append(run.id)
    return removed


def _ended(run: Run) -> float:
    """When it ended, or was last written to, in seconds since 1970."""
    with contextlib.suppress(DamagedError, ValueError, TypeError):
        status = run.status()
        return datetime.fromisoformat(str(status.get("ended") or status.get("updated"))).timestamp()
    return run.path.stat().st_mtime


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total
