"""Subnormal numbers, which many processors multiply far more slowly, taken as zero.

Numbers below 1.2e-38 have fewer digits the smaller they are. Weights that decay, and Adam's averages of gradients that
have become zero, reach them after a few epochs and stay there; a step of a convolutional network on a CPU then takes up
to three times as long as at the start (`python -m benchmarks.subnormals`). No result that anyone can see depends on
them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

_OF_A_THREAD = 2 * 32_768
"""As many elements make PyTorch give each of its threads a part."""


@contextlib.contextmanager
def as_zero(wanted: bool = True) -> Iterator[bool]:
    """Inside the block the processor takes subnormal numbers as zero, in every thread of PyTorch's or in none; yields
    whether it does.

    The setting is a thread's, and is inherited: threads that PyTorch started before cannot be reached, and some
    processors do not have it. There nothing changes.
    """
    before = _are_zero(1)
    try:
        yield _set(wanted)
    finally:
        torch.set_flush_denormal(before)


def forever() -> None:
    """As `as_zero`, for the rest of the process, which does nothing else."""
    _set(True)


def _set(wanted: bool) -> bool:
    done = torch.set_flush_denormal(wanted) and wanted
    if done and not _are_zero(_OF_A_THREAD * torch.get_num_threads()):
        torch.set_flush_denormal(False)
        return False
    return done


def _are_zero(count: int) -> bool:
    """Whether so many products of subnormal numbers have no bit set. Neither numbers nor comparison may be those of
    floats, where the setting counts as well."""
    tiny = torch.full((count,), 2**20, dtype=torch.int32).view(torch.float32)
    return not (tiny * 0.5).view(torch.int32).any()
