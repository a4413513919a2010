"""Which rows of a batch each of several processes trains on."""

from __future__ import annotations

from typing import NamedTuple


class BatchShard(NamedTuple):
    """The rows of a batch that one of several processes trains on."""

    rows: slice
    of: int
    """Rows of the whole batch."""
    weight: float
    """Their share of the whole batch, from 0 to 1."""


def shard_of(count: int, rank: int, world: int) -> BatchShard:
    """The rows of `count` that `rank` trains on: as even as possible, in the order of the ranks.

    Where there are fewer rows than processes some get a placeholder row with weight 0, as every process takes part in
    every step.
    """
    start, stop = rank * count // world, (rank + 1) * count // world
    if start == stop:
        return BatchShard(slice(0, 1), count, 0.0)
    return BatchShard(slice(start, stop), count, (stop - start) / count)
