"""A remark on a run: what is wrong with it, as status.json keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Remark:
    """One thing that is wrong with a run."""

    kind: str
    """output-range, duplicates, diverged, overfitting, generalisation-gap, dead-code, posterior-collapse,
    constant-output, mean-image or no-effect."""
    text: str
    """What is seen, with its number, and what usually cures it; one line without a full stop."""
    value: float | None = None
    """The number that is seen: a count, a share or a loss. None where it is not finite."""
    reference: float | None = None
    """What it was compared with, in the same unit."""

    def as_json(self, epoch: int | None = None) -> dict[str, Any]:
        """The entry in `remarks` of status.json, with the epoch after which it was seen."""
        entry = {"kind": self.kind, "text": self.text, "value": self.value, "reference": self.reference}
        return {name: value for name, value in (entry | {"epoch": epoch}).items() if value is not None}


def percent(share: float, decimals: int) -> str:
    """A share from 0 to 1 as text: `4.5 %`."""
    return f"{100 * share:.{decimals}f} %"
