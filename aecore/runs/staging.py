"""Adding a whole run to the store: assembled in a folder that readers do not list, then renamed."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.runs.run import Run
from aecore.runs.store import Store
from aecore.temporary import remove_leftovers, temporary_path


@contextlib.contextmanager
def staging(store: Store) -> Iterator[Run]:
    """An empty directory to assemble a run in; unless `commit` has moved it, it is removed at the end."""
    shelf = store.root / "runs"
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        remove_leftovers(shelf)
        folder = temporary_path(shelf, "arriving")
        folder.mkdir()
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
        return Run(rename_free(folder, shelf, run_id, lambda name: (store.root / "gallery" / name).exists()))
    except FileNotFoundError:
        raise UserError(f"run {run_id} is no longer there") from None
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"storing run {run_id}")) from None


def rename_free(folder: Path, shelf: Path, name: str, taken: Callable[[str], bool] = lambda name: False) -> Path:
    """Give a folder that name on a shelf, or with a number appended where it is taken there or elsewhere.

    Raises `OSError` where that is not possible, `AecoreError` after a thousand names.
    """
    for number in range(1, 1000):
        wanted = name if number == 1 else f"{name}-{number}"
        if taken(wanted) or (shelf / wanted).exists():
            continue
        try:
            folder.rename(shelf / wanted)
        except OSError:
            if not (shelf / wanted).exists():
                raise
            continue  # another process has just taken the name
        return shelf / wanted
    raise AecoreError(f"could not find a free name for {name} in {shelf}")
