"""TODO docstring."""

from __future__ import annotations

from typing import NamedTuple


class BatchShard(NamedTuple):
    """The rows of a batch that one of several processes works on."""

    rows: slice
    of: int
    """Rows of the whole batch."""
    weight: float
    """Which share of the whole batch they are."""


def shard_of(count: int, rank: int, world: int) -> BatchShard:
    """The part of `count` rows that falls to `rank`: as even as can be, in the order of the ranks.

    Where there are fewer rows than processes some get a row that counts for nothing, for every process takes part in
    every step.
    """
    start, stop = rank * count // world, (rank + 1) * count // world
    if start == stop:
        return BatchShard(slice(0, 1), count, 0.0)
    return BatchShard(slice(start, stop), count, (stop - start) / count)
