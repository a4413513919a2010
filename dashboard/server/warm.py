"""What every session needs, imported while the server already answers; sessions wait for it.

pandas and pyarrow import one another. They are imported in one thread, before there are sessions: where two of the
first ones begin with one each, Python lets both see half a module.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from importlib import import_module

NEEDED = ("pandas", "pyarrow", "dashboard.navigation", "aecore.jobs")
_imports: list[asyncio.Task[None]] = []


def begin() -> None:
    """Start importing; to be called in the server's event loop."""
    _imports[:] = [asyncio.create_task(asyncio.to_thread(_import))]


async def ready() -> None:
    """Wait until all is imported. What cannot be imported is left to the session, which shows the error."""
    for task in _imports:
        await asyncio.shield(task)


def _import() -> None:
    for name in NEEDED:
        with contextlib.suppress(Exception):
            import_module(name)
    # What was imported stays: a full collection, which now and then comes amid a touch, need not look at it.
    gc.collect()
    gc.freeze()
