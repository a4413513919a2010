"""Images that stay in their file, for sets that do not fit into memory.

Rows are read, not mapped: mapped pages count as the process's memory, and the system evicts what it guesses. Reading
leaves them in the system's cache, which shrinks when others need it.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aecore.errors import AecoreError, describe_os_error


class Streamed:
    """Some of the images of a prepared set, uint8 (N, C, H, W), read as they are asked for; may be shared by threads.

    Stands where a tensor of them would: it has a `shape`, a length and a `device`, and a slice of it is a tensor there.
    """

    def __init__(self, array: np.memmap, rows: slice | np.ndarray, device: torch.device) -> None:
        """`array` is the memory map of a whole `.npy` file, uint8 (M, C, H, W) in C order; `rows` are those of them."""
        assert array.dtype == np.uint8
        assert array.flags.c_contiguous
        self.path, self.device = Path(str(array.filename)), device
        self.begin, self.each = int(array.offset), int(np.prod(array.shape[1:]))
        self.rows = range(len(array))[rows] if isinstance(rows, slice) else np.asarray(rows, np.int64)
        self.shape = torch.Size((len(self.rows), *array.shape[1:]))
        try:
            self.file = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise AecoreError(describe_os_error(error, f"reading {self.path.name}")) from None

    def __del__(self) -> None:
        if hasattr(self, "file"):
            os.close(self.file)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, wanted: slice) -> Tensor:
        chosen = np.arange(len(self))[wanted]
        found = torch.empty((len(chosen), *self.shape[1:]), dtype=torch.uint8)
        self.read(chosen, found)
        return found.to(self.device)

    @property
    def nbytes(self) -> int:
        return len(self) * self.each

    def read(self, chosen: np.ndarray, into: Tensor) -> None:
        """Read the images with these numbers, int64 (B,), into `into`, uint8 (B, C, H, W), contiguous, on the CPU.

        Raises `AecoreError` where the file cannot be read or has become shorter.
        """
        places = np.asarray(self.rows[0] + chosen * self._step) if isinstance(self.rows, range) else self.rows[chosen]
        flat = memoryview(into.numpy().reshape(-1).data)
        try:
            for number, place in enumerate(places.tolist()):
                self._fill(flat[number * self.each : (number + 1) * self.each], self.begin + place * self.each)
        except OSError as error:
            raise AecoreError(describe_os_error(error, f"reading {self.path.name}")) from None

    @property
    def _step(self) -> int:
        assert isinstance(self.rows, range)
        return self.rows.step

    def _fill(self, part: memoryview, offset: int) -> None:
        while part:
            if not (got := os.preadv(self.file, [part], offset)):
                raise AecoreError(f"{self.path} has become shorter while it was in use; prepare the images again")
            part, offset = part[got:], offset + got
