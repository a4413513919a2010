"""What a code is held against: pixels, PCA and the real images. It depends on the images alone, so it is computed once
for an image set and kept with the prepared images, whoever asks for it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from aecore.data import cached_at
from aecore.data.place import data_root
from aecore.errors import DamagedError
from aecore.files import MB, atomic_write, parse_json, read_regular
from aecore.metrics import pca
from aecore.runs.json_files import read_table, write_table

VERSION = 1
"""Raised when a baseline is computed in another way."""


class Kept:
    """Numbers by name in a file with the prepared images, under what they depend on."""

    def __init__(self, depends_on: Sequence[Any]) -> None:
        key = hashlib.sha256(json.dumps([VERSION, *depends_on], sort_keys=True).encode()).hexdigest()
        self.path = data_root() / "baselines" / f"{key[:24]}.json"
        self._known: dict[str, Any] = {}
        with suppress(DamagedError):  # computed again
            self._known = read_table(self.path, "baselines")

    def kept(self, name: str, compute: Callable[[], Any]) -> Any:
        """The JSON value of that name, computed if it is not known yet."""
        if name not in self._known:
            self._known[name] = compute()
            self._write(lambda: write_table(self.path, self._known))
        return self._known[name]

    def _write(self, write: Callable[[], object]) -> None:
        # On a disk that is full or read-only they are computed anew the next time.
        with suppress(OSError):
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            write()


class Baselines(Kept):
    """The numbers of one image set and choice of training images."""

    def __init__(self, data_name: str, train: np.ndarray, chosen: str) -> None:
        """`train` are the training images uint8 (N, C, H, W), `chosen` says which of the set's they are."""
        self.train = train
        meta = parse_json(read_regular(cached_at(data_name) / "meta.json", 16 * MB))
        sums = {part: about["sha256"] for part, about in meta["parts"].items()}
        super().__init__([sums, chosen, len(train)])
        self.of_test_images = Kept([sums["x_test"]])
        """What does not depend on the training images: runs of different parts of a set share it."""

    @cached_property
    def pca(self) -> pca.Pca | None:
        """All principal components of the training images, None where these are too large."""
        if int(np.prod(self.train.shape[1:])) > pca.LARGEST:
            return None
        path = self.path.with_suffix(".safetensors")
        with suppress(OSError, ValueError, KeyError, safetensors.SafetensorError):
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == self._known.get("components"):
                arrays = safetensors.numpy.load(content)
                return pca.Pca(arrays["mean"], arrays["components"])
        found = pca.fit(self.train)
        content = safetensors.numpy.save({"mean": found.mean, "components": found.components})
        self._known["components"] = hashlib.sha256(content).hexdigest()
        self._write(lambda: (atomic_write(path, content), write_table(self.path, self._known)))
        return found
