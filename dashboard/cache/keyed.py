"""Caches keyed on a run: results are shared by all sessions until one of the run's files changes."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

from aecore.runs.run import Run
from dashboard.cache.kept import KEPT

P = ParamSpec("P")
R = TypeVar("R")


def signature(run: Run, names: Sequence[str]) -> tuple:
    """Times and sizes of these files, which tell whether any of them changed."""
    folder, stamps = str(run.path), []
    for name in names:
        try:
            status = os.stat(os.path.join(folder, name))
            # Also what cannot be set back: a file may be replaced by one of its size and time.
            stamps.append((status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


def keyed_on(
    files: Sequence[str] | Callable[..., Sequence[str]], *, show_spinner: str = ""
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep what a function of a run returns until one of these files of the run changes.

    Its other arguments must be hashable, but those whose names begin with `_`, which do not count. `files` may also be
    a function of the same arguments. The result is shared by all sessions and must not be modified.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        form = inspect.signature(function)

        @wraps(function)
        def kept(*arguments: P.args, **options: P.kwargs) -> R:
            bound = form.bind(*arguments, **options)
            bound.apply_defaults()
            run, *others = bound.arguments.items()
            stamps = signature(run[1], files(*bound.args, **bound.kwargs) if callable(files) else files)
            counted = tuple(value for name, value in others if not name.startswith("_"))
            key = (function, str(run[1].path), stamps, counted)
            return KEPT.get(key, lambda: function(*arguments, **options), show_spinner)

        return kept

    return decorate
