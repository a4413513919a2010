"""Caches keyed on a run: results are shared by all sessions until one of the run's files changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from aecore.runs.store import Run

F = TypeVar("F", bound=Callable[..., Any])


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
    files: Sequence[str] | Callable[[Run], Sequence[str]], *, max_entries: int, show_spinner: bool | str = False
) -> Callable[[F], F]:
    """Cache a function of a run until one of these files of the run changes.

    Streamlit must be able to hash its other arguments. `files` may also be a function of the run. The result is shared
    by all sessions and must not be modified.
    """

    def key(run: Run) -> tuple:
        return str(run.path), signature(run, files(run) if callable(files) else files)

    return st.cache_resource(max_entries=max_entries, show_spinner=show_spinner, hash_funcs={Run: key})  # type: ignore[return-value]
