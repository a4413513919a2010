"""How long-running work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, float, float, str], None]
"""Called as `report(stage, done, total, note)`; a total of 0 means that it is unknown."""


def silent(_stage: str, _done: float, _total: float, _note: str) -> None:
    """The report that goes nowhere."""
