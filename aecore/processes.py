"""One run in several processes, as torchrun starts them: which of them this is, and which rows are its own."""

from __future__ import annotations

import os
from typing import NamedTuple

from aecore.errors import MistakeError


class Place(NamedTuple):
    """Which of the run's processes this is; torchrun's words for it."""

    rank: int = 0
    world: int = 1
    """How many processes there are in all."""
    local_rank: int = 0
    """Its number among those of this machine."""
    local_world: int = 1
    node: int = 0
    """The machine's number."""

    @property
    def first(self) -> bool:
        """Whether this process writes the run, and speaks."""
        return self.rank == 0


def place() -> Place:
    """What torchrun's environment variables say; one process where there are none.

    Raises `MistakeError` where they do not fit together.
    """
    world = _number("WORLD_SIZE", 1)
    if world == 1:
        return Place()
    here = Place(
        _number("RANK", 0),
        world,
        _number("LOCAL_RANK", 0),
        _number("LOCAL_WORLD_SIZE", 1),
        _number("GROUP_RANK", 0),
    )
    fits = here.rank < world and here.local_rank < here.local_world <= world
    if not fits or "RANK" not in os.environ or "MASTER_ADDR" not in os.environ:
        raise MistakeError(
            f"WORLD_SIZE is {world}, and RANK, LOCAL_RANK or MASTER_ADDR does not fit it: start with torchrun, "
            "or unset WORLD_SIZE"
        )
    return here


def _number(name: str, otherwise: int) -> int:
    value = os.environ.get(name, "")
    if value and not value.isdecimal():
        raise MistakeError(f"{name} should be a whole number as torchrun sets it, got '{value}'")
    return int(value) if value else otherwise


class Part(NamedTuple):
    """The rows of a batch that one of several processes works on."""

    rows: slice
    of: int
    """Rows of the whole batch."""
    weight: float
    """Which share of the whole batch they are."""


def part_of(count: int, rank: int, world: int) -> Part:
    """The part of `count` rows that falls to `rank`: as even as can be, in the order of the ranks.

    Where there are fewer rows than processes some get a row that counts for nothing, for every process takes part in
    every step.
    """
    start, stop = rank * count // world, (rank + 1) * count // world
    if start == stop:
        return Part(slice(0, 1), count, 0.0)
    return Part(slice(start, stop), count, (stop - start) / count)
