"""Adding a whole run to the store: assembled in a folder that readers do not list, then renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.runs.store import Run, Store

PREFIX = ".arriving-"
STALE_S = 86_400
"""A folder that a dead process has left is removed after this time."""


@contextlib.contextmanager
def staging(store: Store) -> Iterator[Run]:
    """An empty directory to assemble a run in; unless `commit` has moved it, it is removed at the end."""
    shelf = store.root / "runs"
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        _remove_stale(shelf)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=shelf))
        folder.chmod(0o755)
    except OSError as error:
        raise AecoreError(describe_os_error(error, "a new run directory")) from None
    try:
        yield Run(folder)
    except OSError as error:
        raise AecoreError(describe_os_error(error, "a new run")) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def commit(folder: Path, run_id: str, store: Store) -> Run:
    """Move a complete run directory into the store, whole or not at all; an id that is taken gets `-2`."""
    shelf = store.root / "runs"
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            wanted = run_id if number == 1 else f"{run_id}-{number}"
            if (store.root / "gallery" / wanted).exists() or (shelf / wanted).exists():
                continue
            try:
                folder.rename(shelf / wanted)
            except OSError:
                if not (shelf / wanted).exists():
                    raise
                continue  # another process has just taken the name
            return Run(shelf / wanted)
    except FileNotFoundError:
        raise UserError(f"run {run_id} is no longer there") from None
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"storing run {run_id}")) from None
    raise AecoreError(f"could not find a free name for run {run_id} in {shelf}")


def _remove_stale(shelf: Path) -> None:
    """Remove folders that dead processes have left long ago."""
    with os.scandir(shelf) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.name.startswith(PREFIX) and time.time() - entry.stat().st_mtime > STALE_S:
                    shutil.rmtree(entry.path)
