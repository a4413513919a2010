"""Caches keyed on a run: what was computed from it is kept for every session until one of its files changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from aecore.runs.store import Run

F = TypeVar("F", bound=Callable[..., Any])


def signature(run: Run, names: Sequence[str]) -> tuple:
    """What changes when any of these files does: their times and sizes."""
    folder, stamps = str(run.path), []
    for name in names:
        try:
            status = os.stat(os.path.join(folder, name))
            stamps.append((status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


def keyed_on(
    files: Sequence[str] | Callable[[Run], Sequence[str]], *, max_entries: int, show_spinner: bool | str = False
) -> Callable[[F], F]:
    """Keep what a function of a run returns until one of these files of the run changes.

    Its other arguments must be such as Streamlit can hash. `files` may also be a function of the run. The result is
    shared by all sessions and must not be changed.
    """

    def key(run: Run) -> tuple:
        return str(run.path), signature(run, files(run) if callable(files) else files)

    return st.cache_resource(max_entries=max_entries, show_spinner=show_spinner, hash_funcs={Run: key})  # type: ignore[return-value]
