"""Which combination of values a sweep tries next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from aecore.sweeps.definition import Sweep


class Chooser(Protocol):
    """Chooses the combinations of a sweep one after the other."""

    def next(self) -> dict[str, Any] | None:
        """The next combination; None when there is none, or none before another run has ended."""
        ...

    def exhausted(self) -> bool:
        """Whether there will be no more."""
        ...

    def run_ended(self, values: Mapping[str, Any]) -> None:
        """A run with these values has ended."""
        ...


class ListedCombinations:
    """The combinations of a grid or random sweep, in their order."""

    def __init__(self, sweep: Sweep) -> None:
        self.left = sweep.each_combination()
        self.done = False

    def next(self) -> dict[str, Any] | None:
        found = next(self.left, None)
        self.done = found is None
        return found

    def exhausted(self) -> bool:
        return self.done

    def run_ended(self, values: Mapping[str, Any]) -> None:
        """The list does not depend on results."""
