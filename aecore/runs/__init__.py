"""Run directories: the format, the state of a run, summaries, notes, archives, the trash.

The package is also called: `aecore.runs()` lists the runs of the store, as one would ask for them in a notebook.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aecore.runs.run import Run
    from aecore.runs.store import Store


class _Runs(ModuleType):
    """A package that is a function as well: the name belongs to both."""

    def __call__(self, store: Store | None = None) -> list[Run]:
        """Every run of the store, by default the one that the command line has: shipped ones first, then the newest."""
        from aecore.runs.store import Store

        return (store or Store.default()).runs()


sys.modules[__name__].__class__ = _Runs
