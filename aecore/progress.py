"""How work tells whoever started it how far it is."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, float, float, str], None]
"""Called as `report(stage, done, total, note)`; a total of 0 means that it is not known."""


def silent(_stage: str, _done: float, _total: float, _note: str) -> None:
    """A report that nobody reads."""
