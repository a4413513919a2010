"""How much a person may start: visitors of a demo little, those with the role `train` what a course needs, those who
manage everything."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from aecore.access.person import Person
from aecore.errors import UserError, nearest

VARIABLE = "AECORE_LIMITS"
GB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Upper limits of a training and of what a person keeps; infinite where there is none."""

    epochs: float = float("inf")
    train_images: float = float("inf")
    """Those held out included."""
    parameters: float = float("inf")
    memory_gb: float = float("inf")
    """Of its process, as estimated before it starts."""
    multiplications: float = float("inf")
    """Of the whole training, in 10¹²."""
    waiting: float = float("inf")
    """Runs that are queued or running: of the person, on a demo of all visitors together."""
    disk_gb: float = float("inf")
    """What the person's runs take."""
    hours: float = float("inf")
    """After which an ended run is removed."""


VISITORS = Limits(epochs=5, train_images=10_000, parameters=2_000_000, memory_gb=2, multiplications=5, waiting=4,
                  hours=24)  # fmt: skip
MEMBERS = Limits(epochs=1000, waiting=10, disk_gb=5)
"""Of the role `train`; the variable `AECORE_LIMITS` changes them: `epochs=200,waiting=4`."""
LIMITS = {field.name for field in fields(Limits)}


def limits_of(person: Person) -> Limits:
    """Raises `UserError` where the variable cannot be understood."""
    if person.visitor:
        return VISITORS
    return Limits() if person.at_least("manage") else _members(os.environ.get(VARIABLE, ""))


@lru_cache(8)
def _members(text: str) -> Limits:
    changes = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in LIMITS:
            raise UserError(f"{VARIABLE}: there is no limit '{name}': {nearest(name, sorted(LIMITS))}")
        try:
            changes[name] = float(value)
        except ValueError:
            changes[name] = -1.0
        if not changes[name] >= 0:
            raise UserError(f"{VARIABLE}: {name} is a number from 0 up, got '{value}'")
    return replace(MEMBERS, **changes)
