"""Batches of images that are read from their file by a thread, ahead of the steps."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from aecore.data.streamed import Streamed

AHEAD = 4
"""Batches that are read before they are needed."""


class Feed:
    """Gives batches in the order that was announced. Memory: `AHEAD` batches of bytes."""

    def __init__(self, source: Streamed, size: int) -> None:
        """Batches have at most `size` images."""
        self.source, self.pinned = source, source.device.type == "cuda"
        self.buffers = [torch.empty((size, *source.shape[1:]), dtype=torch.uint8) for _ in range(AHEAD)]
        if self.pinned:
            self.buffers = [buffer.pin_memory() for buffer in self.buffers]
        self.copied: list[torch.cuda.Event | None] = [None] * AHEAD
        self.reader: threading.Thread | None = None
        self.ready: queue.Queue[tuple[int, int] | Exception] = queue.Queue()
        self.free: queue.Queue[int] = queue.Queue()
        self.over = threading.Event()

    def begin(self, batches: Sequence[Tensor]) -> None:
        """Read these batches, int64 (B,) each, from now on; what was announced before and not taken is forgotten."""
        self.end()
        self.over, self.ready, self.free = threading.Event(), queue.Queue(), queue.Queue()
        for number in range(AHEAD):
            self.free.put(number)
        # Indices are drawn on the device; one copy of all is quicker than one of each.
        sizes = [len(batch) for batch in batches]
        whole = torch.cat(list(batches)).cpu().numpy() if batches else np.empty(0, np.int64)
        parts = np.split(whole, np.cumsum(sizes)[:-1]) if batches else []
        given = (self.source, self.buffers, self.copied, parts, self.over, self.free, self.ready)
        self.reader = threading.Thread(target=_read, args=given, name="images", daemon=True)
        self.reader.start()

    def end(self) -> None:
        """Stop reading."""
        if self.reader is not None:
            self.over.set()
            self.free.put(-1)
            self.reader.join()
            self.reader = None

    def take(self, target: Tensor) -> None:
        """Copy the next batch into `target`, uint8 (B, C, H, W) or a permutation of it in memory, on the device.

        Raises what the reader met: `AecoreError` where the file cannot be read.
        """
        found = self.ready.get()
        if isinstance(found, Exception):
            raise found
        number, count = found
        target.copy_(self.buffers[number][:count], non_blocking=self.pinned)
        if self.pinned:
            event = torch.cuda.Event()
            event.record()
            self.copied[number] = event
        self.free.put(number)

    def __del__(self) -> None:
        if self.reader is not None:
            self.over.set()
            self.free.put(-1)


def _read(
    source: Streamed,
    buffers: list[Tensor],
    copied: list[torch.cuda.Event | None],
    parts: list[np.ndarray],
    over: threading.Event,
    free: queue.Queue[int],
    ready: queue.Queue[tuple[int, int] | Exception],
) -> None:
    """What the thread does. It knows nothing of the feed, so that one that nobody holds any more ends it."""
    try:
        for part in parts:
            number = free.get()
            if over.is_set():
                return
            if (event := copied[number]) is not None:
                event.synchronize()
            source.read(part, buffers[number][: len(part)])
            ready.put((number, len(part)))
    except Exception as error:
        ready.put(error)
