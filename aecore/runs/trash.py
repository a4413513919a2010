"""Deleting and restoring runs.

A deleted run is kept in `trash/` of the store for a week. Shipped runs are read-only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from aecore import access
from aecore.errors import AecoreError, UserError, describe_os_error, nearest
from aecore.runs.due import DUE, is_due
from aecore.runs.notes import check_own
from aecore.runs.run import Run
from aecore.runs.staging import commit
from aecore.runs.state import ACTIVE, run_state
from aecore.runs.store import Store
from aecore.temporary import remove_leftovers, temporary_path

KEPT_DAYS, DAY_S = 7, 86_400
"""Runs that were deleted longer ago are removed for good when others are deleted, on two different days."""


@dataclass(frozen=True)
class Deleted:
    """A run in the trash. Its folder is named after the time of deletion and its id."""

    path: Path

    @property
    def run(self) -> Run:
        return Run(self.path)

    @property
    def id(self) -> str:
        """The run's id, under which it is restored."""
        return self.path.name.partition(".")[2]

    @property
    def seconds(self) -> float:
        """When it was deleted, in seconds since 1970."""
        return int(self.path.name.partition(".")[0]) / 1e6

    @property
    def title(self) -> str:
        """The run's title, or its id where that cannot be read."""
        try:
            return self.run.title()
        except AecoreError:
            return self.id


def deleted_runs(store: Store | None = None) -> list[Deleted]:
    """The deleted runs, the latest first."""
    folder = (store or Store.default()).root / "trash"
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_dir()]
    except FileNotFoundError:
        return []
    found = [Deleted(folder / name) for name in names if name.partition(".")[0].isdecimal() and "." in name]
    return sorted(found, key=lambda deleted: deleted.path.name, reverse=True)


def delete(run: Run, store: Store | None = None) -> Deleted:
    """Move a run to the trash, where `restore` finds it for a week.

    Raises `UserError` for a shipped run, an active one, and one outside the store.
    """
    access.permit("deleting runs", run)
    store = store or Store.default()
    check_own(run)
    if run.path.resolve().parent != (store.root / "runs").resolve():
        raise UserError(f"run {run.id} is not in this store ({store.root}); remove its folder by hand")
    if (state := run_state(run)) in ACTIVE:
        raise UserError(f"run {run.id} is {state}; stop it first")
    for old in deleted_runs(store):
        with contextlib.suppress(AecoreError, OSError):  # it does no harm; the next deletion tries again
            if is_due(old.path, old.seconds, KEPT_DAYS * DAY_S, confirmed_after_s=DAY_S):
                remove_for_good(old.path, old.id)
    folder = store.root / "trash"
    try:
        folder.mkdir(exist_ok=True)
        gone = Deleted(folder / f"{time.time_ns() // 1000:016d}.{run.id}")
        run.path.rename(gone.path)  # atomic, so that no reader sees half a run
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"deleting run {run.id}")) from None
    return gone


def restore(deleted: Deleted) -> Run:
    """Restore a deleted run under its id, or with a number appended where another run has taken that."""
    access.permit("restoring runs", deleted.run)
    with contextlib.suppress(OSError):
        (deleted.path / DUE).unlink(missing_ok=True)
    return commit(deleted.path, deleted.id, Store(deleted.path.parent.parent))


def find_deleted(reference: str, store: Store | None = None) -> Deleted:
    """The deleted run with that id or unique prefix of one; of several with one id the latest.

    Raises `UserError` where there is none or where the prefix matches several.
    """
    latest: dict[str, Deleted] = {}
    for deleted in deleted_runs(store):
        latest.setdefault(deleted.id, deleted)
    if reference in latest:
        return latest[reference]
    matching = [run_id for run_id in latest if reference and run_id.startswith(reference)]
    if len(matching) == 1:
        return latest[matching[0]]
    if matching:
        raise UserError(f"'{reference}' matches {len(matching)} deleted runs: {', '.join(matching[:3])}")
    raise UserError(f"there is no deleted run '{reference}': {nearest(reference, list(latest)[:20])}")


def purge(deleted: Deleted) -> None:
    """Remove a deleted run for good."""
    access.permit("deleting runs for good", deleted.run)
    remove_for_good(deleted.path, deleted.id)


def remove_for_good(folder: Path, run_id: str) -> None:
    """Remove the folder of a run; whether that may be is the caller's to know."""
    try:
        # In one step, so that a crash leaves no half of a run that could be restored.
        remove_leftovers(folder.parent)
        doomed = temporary_path(folder.parent, "purged")
        folder.rename(doomed)
        shutil.rmtree(doomed)
    except FileNotFoundError:
        pass  # another process was faster
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"deleting run {run_id}")) from None
