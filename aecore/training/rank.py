"""Which of the processes that torchrun started for one run this is."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NamedTuple, NoReturn

from aecore.errors import UserError


class Rank(NamedTuple):
    """A process of a run, in torchrun's terms."""

    rank: int = 0
    world: int = 1
    """Number of processes on all machines."""
    local_rank: int = 0
    """Its index among those of this machine."""
    local_world: int = 1
    node: int = 0
    """Index of the machine."""

    @property
    def first(self) -> bool:
        """Whether this is rank 0, which writes the run and prints."""
        return self.rank == 0


def get_rank() -> Rank:
    """This process's rank, from torchrun's environment variables; a single process where there are none.

    Raises `UserError` where they contradict each other.
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


def end_process(status: int) -> NoReturn:
    """End this process with an exit status; one of several ranks at once, without the interpreter's own end.

    Threads of gloo may still hold Python objects when a rank ends. One that asks for the interpreter's lock while it
    shuts down is ended by Python in the middle of C++, which aborts the process after all its work is done.
    """
    if "RANK" not in os.environ:
        sys.exit(status)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # its reader has gone
            stream.flush()
    os._exit(status)


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if value and not value.isdecimal():
        raise UserError(f"{name} should be a whole number as torchrun sets it, got '{value}'")
    return int(value) if value else default
