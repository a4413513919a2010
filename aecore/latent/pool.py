"""Threads that share work in parts of our own: torch's would synchronise after every operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Part = TypeVar("Part")
Result = TypeVar("Result")


class Pool(ThreadPoolExecutor):
    """A pool of threads in each of which torch uses one thread."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, initializer=torch.set_num_threads, initargs=(1,))
        self.threads = threads


@contextmanager
def threads_for(device: torch.device) -> Iterator[Pool | None]:
    """A pool of as many threads as torch uses on the CPU; None where it uses one, and on a GPU."""
    count = torch.get_num_threads()
    if device.type != "cpu" or count == 1:
        yield None
        return
    torch.set_num_threads(1)
    try:
        with Pool(count) as pool:
            yield pool
    finally:
        torch.set_num_threads(count)


def shared(pool: Pool | None, work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
    """`work` of every part, by the threads of `pool`, if there is one."""
    return list((pool.map if pool else map)(work, parts))
