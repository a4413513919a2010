"""The store: the folder of runs, and their ids. A damaged run never hides the others: listing skips over it."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from aecore.access.place import store_root
from aecore.errors import UserError, nearest
from aecore.runs.run import EXPERIMENT, Run

if TYPE_CHECKING:
    from aecore.config.experiment import Experiment


@dataclass(frozen=True)
class Store:
    """The folder of runs: `gallery/` ships with the project, `runs/` is the user's."""

    root: Path

    @classmethod
    def default(cls) -> Store:
        return cls(store_root())

    def runs(self) -> list[Run]:
        """Every run directory, shipped ones first, then the newest. A directory counts whatever it contains."""
        found = []
        for shelf in ("gallery", "runs"):
            with contextlib.suppress(FileNotFoundError), os.scandir(self.root / shelf) as entries:
                names = [entry.name for entry in entries if _is_folder(entry) and not entry.name.startswith(".")]
                names = sorted(names) if shelf == "gallery" else sorted(names, key=_by_time, reverse=True)
                found += [Run(self.root / shelf / name) for name in names]
        return found

    def find(self, reference: str) -> Run:
        """The run with that id, with that unique prefix, or at that path inside or outside the store.

        Raises `UserError` for no or several such runs, and for a path that is not a run directory.
        """
        runs = {run.id: run for run in self.runs()}
        if reference in runs:
            return runs[reference]
        if os.sep in reference or reference.startswith("."):
            path = Path(reference).expanduser()
            if (path / EXPERIMENT).is_file():
                return Run(path.resolve())
            raise UserError(f"there is no run at '{reference}': a run directory holds {EXPERIMENT}")
        matching = [name for name in runs if reference and name.startswith(reference)]
        if len(matching) == 1:
            return runs[matching[0]]
        if matching:
            first = ", ".join(matching[:3]) + (" …" if len(matching) > 3 else "")
            raise UserError(f"'{reference}' matches {len(matching)} runs: {first}")
        raise UserError(f"there is no run '{reference}': {nearest(reference, list(runs)[:20])}")

    def listed(self, run_id: str) -> Run | None:
        """The run with exactly this id, for ids from outside, such as a URL's; never a path or a prefix."""
        if not run_id or run_id.startswith(".") or Path(run_id).name != run_id:
            return None
        for shelf in ("gallery", "runs"):
            with contextlib.suppress(OSError, ValueError):  # too long for a file name, or not possible as one
                if (self.root / shelf / run_id).is_dir():
                    return Run(self.root / shelf / run_id)
        return None

    def create(self, experiment: Experiment, prepare: Callable[[Run], object] = lambda draft: None) -> Run:
        """A new directory under `runs/` with the experiment in it; its id consists of name or preset and time.

        `prepare` writes what else must be in it from the first moment on. The directory appears whole or not at all.
        """
        from aecore.runs.staging import commit, staging  # which stages runs of a store

        with staging(self) as draft:
            draft.write_json(EXPERIMENT, experiment.model_dump(mode="json"))
            prepare(draft)
            return commit(draft.path, timed_id(experiment.title), self)


def timed_id(title: str) -> str:
    """An id for a new run or sweep: its title, then the time."""
    return f"{slug(title)}-{time.strftime('%Y%m%d-%H%M%S')}"


def slug(title: str) -> str:
    """A title as the first part of an id."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:48] or "run"


def root_of(run: Run) -> Path:
    """The root of the run's store, or of the default one for a run outside any store."""
    shelf = run.path.parent
    return shelf.parent if shelf.name in ("runs", "gallery") else Store.default().root


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


@lru_cache(100_000)
def _by_time(name: str) -> tuple[str, int, str]:
    """Sort key: the time in the id, then the appended number, then the name."""
    found = re.search(r"-(\d{8}-\d{6})(?:-(\d+))?$", name)
    return (found[1], int(found[2] or 1), name) if found else ("", 0, name)
