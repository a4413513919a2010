"""What an image set is: its description, its arrays, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

Progress = Callable[[str, int, int], None]
"""Called as `progress(what, done_bytes, total_bytes)`; a total of 0 means that it is not known."""


class Arrays(NamedTuple):
    """A whole image set: images uint8 (N, C, H, W), labels uint8 (N,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


Fetch = Callable[[Path, Progress], Arrays]
"""Called as `fetch(raw_folder, progress)`; `raw_folder` is where a person may have put files by hand."""


class Derived(NamedTuple):
    """Made from another set of the catalogue, which is prepared first and fetched only once."""

    base: str
    make: Callable[[Arrays], Arrays]


@dataclass(frozen=True)
class DataSet:
    """The description of an image set; images are (C, H, W), `classes[label]` is a label's name."""

    name: str
    title: str
    image_shape: tuple[int, int, int]
    train_images: int
    test_images: int
    classes: tuple[str, ...]
    citation: str
    source: Fetch | Derived
    download_bytes: int = 0
    """How much is downloaded at the most; 0 when nothing is."""
