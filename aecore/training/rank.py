"""One run in several processes, as torchrun starts them: which of them this is, and which rows are its own."""

from __future__ import annotations

import os
from typing import NamedTuple

from aecore.errors import UserError


class Rank(NamedTuple):
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


def get_rank() -> Rank:
    """What torchrun's environment variables say; one process where there are none.

    Raises `UserError` where they do not fit together.
    """
    world = _number("WORLD_SIZE", 1)
    if world == 1:
        return Rank()
    here = Rank(
        _number("RANK", 0),
        world,
        _number("LOCAL_RANK", 0),
        _number("LOCAL_WORLD_SIZE", 1),
        _number("GROUP_RANK", 0),
    )
    fits = here.rank < world and here.local_rank < here.local_world <= world
    if not fits or "RANK" not in os.environ or "MASTER_ADDR" not in os.environ:
        raise UserError(
            f"WORLD_SIZE is {world}, and RANK, LOCAL_RANK or MASTER_ADDR does not fit it: start with torchrun, "
            "or unset WORLD_SIZE"
        )
    return here


def _number(name: str, otherwise: int) -> int:
    value = os.environ.get(name, "")
    if value and not value.isdecimal():
        raise UserError(f"{name} should be a whole number as torchrun sets it, got '{value}'")
    return int(value) if value else otherwise
