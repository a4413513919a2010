"""Collecting the images that a loop logs, bounded however long it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import safetensors.numpy

from aecore.errors import UserError
from aecore.runs.logged import EPOCHS, MOST_BYTES, MOST_NAMES, MOST_ROWS, as_image


class LoggedImages:
    """By name the rows so far, an epoch and an image each."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, np.ndarray]] = {}
        self.strides: dict[str, int] = {}
        self.changed = False

    def add(self, name: str, epoch: int, value: Any) -> None:
        """Add an image; a second one of an epoch replaces the first. Raises `UserError` for what is none, or of another
        size than those before it."""
        if name.endswith(EPOCHS) or name == "__metadata__":
            raise UserError(f"'{name}' cannot be the name of an image")
        image = as_image(name, value)
        rows = self.rows.get(name, {})
        if not rows and len(self.rows) >= MOST_NAMES:
            raise UserError(f"{name} is one name too many: images of {MOST_NAMES} names are kept")
        if rows and (before := next(iter(rows.values())).shape) != image.shape:
            sizes = [" × ".join(map(str, shape)) for shape in (image.shape, before)]
            raise UserError(f"{name} is {sizes[0]} (channels, height, width), and was {sizes[1]} before")
        self.rows[name] = rows | {epoch: image}
        self.changed = True
        self._thin(name)

    def _thin(self, name: str) -> None:
        """Keep every second epoch, and the last, while there are too many rows."""
        rows = self.rows[name]
        most = max(min(MOST_ROWS, MOST_BYTES // next(iter(rows.values())).size), 2)
        while len(rows) > most:
            stride = self.strides[name] = 2 * self.strides.get(name, 1)
            first, last = min(rows), max(rows)
            kept = {epoch: image for epoch, image in rows.items() if (epoch - first) % stride == 0 or epoch == last}
            if stride > last - first:
                kept = {first: rows[first], last: rows[last]}
            rows = self.rows[name] = kept

    def to_bytes(self) -> bytes:
        """The file as `aecore.runs.logged` reads it."""
        self.changed = False
        tensors: dict[str, np.ndarray] = {}
        for name, rows in self.rows.items():
            epochs = sorted(rows)
            tensors[name] = np.stack([rows[epoch] for epoch in epochs])
            tensors[name + EPOCHS] = np.array(epochs, np.int32)
        return safetensors.numpy.save(tensors)
