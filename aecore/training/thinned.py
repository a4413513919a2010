"""Rows taken after every epoch, of which a long run keeps as few as a short one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any


class ThinnedRows:
    """Rows by epoch, at most `most`: where there would be more, every second one is dropped and from then on only every
    second one is taken, and so on.

    Rows come every `tick` epochs, or at some of these: of every `stride` ticks the first row is kept. The very first is
    always kept.
    """

    def __init__(self, most: int, tick: float = 1.0) -> None:
        self.most, self.tick, self.stride = max(2, most), tick, 1
        self.epochs: list[float] = []
        self.rows: list[Any] = []

    def add(self, epoch: float, take: Callable[[], Any]) -> None:
        """Add what `take` returns as the row of `epoch`, if the row of this tick is kept; nothing where it is None."""
        if self.epochs and self._stretch(epoch) <= self._stretch(self.epochs[-1]):
            return
        if not self._take(epoch, take):
            return
        while len(self.epochs) > self.most:
            self.stride *= 2
            first = {self._stretch(epoch): i for i, epoch in reversed([*enumerate(self.epochs)])}
            self._keep(first.values())

    def finish(self, epoch: float, take: Callable[[], Any]) -> None:
        """Make sure that the last epoch is there, whatever the stride: even as one more than `most`."""
        if epoch and (not self.epochs or self.epochs[-1] != epoch):
            self._take(epoch, take)

    def restore(self, epochs: Sequence[float], rows: Sequence[Any], epoch: float) -> None:
        """Go on from the rows that were kept before a run was resumed at `epoch`, without those of later epochs."""
        self.epochs, self.rows = list(epochs), list(rows)
        self._keep([i for i, kept in enumerate(epochs) if kept <= epoch + 1e-6])
        # The stride in use follows from the number of rows for so many ticks.
        ticks = int(epoch / self.tick + 1e-6)
        while self.epochs and ticks // self.stride + (self.stride > 1) > len(self.epochs):
            self.stride *= 2

    def _take(self, epoch: float, take: Callable[[], Any]) -> bool:
        row = take()
        if row is not None:
            self.epochs.append(epoch)
            self.rows.append(row)
        return row is not None

    def _stretch(self, epoch: float) -> int:
        """Of `stride` ticks, by its number."""
        return round(epoch / self.tick) // self.stride

    def _keep(self, wanted: Iterable[int]) -> None:
        kept = sorted(wanted)
        self.epochs, self.rows = [self.epochs[i] for i in kept], [self.rows[i] for i in kept]
