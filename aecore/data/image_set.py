"""An image set: its description, its arrays and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[str, int, int], None]
"""Called as `progress(what, done_bytes, total_bytes)`; a total of 0 means that it is unknown."""


class Arrays(NamedTuple):
    """A whole image set: images uint8 (N, C, H, W), labels uint8 (N,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


Fetch = Callable[[Path, Progress], Arrays]
"""Called as `fetch(raw_folder, progress)`; `raw_folder` is where a user may have put files by hand."""


class Derived(NamedTuple):
    """Made from another set of the catalogue, which is prepared first and fetched only once."""

    base: str
    make: Callable[[Arrays], Arrays]


class ImageInfo(NamedTuple):
    """What a reader of a run needs to know of its images, without the image set itself."""

    name: str
    title: str
    image_shape: tuple[int, int, int]
    """(C, H, W)."""
    classes: tuple[str, ...]
    citation: str

    def as_json(self) -> dict[str, Any]:
        """The table `data` of status.json."""
        return {**self._asdict(), "image_shape": list(self.image_shape), "classes": list(self.classes)}


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
    """Size of the largest download; 0 when nothing is downloaded."""

    @property
    def info(self) -> ImageInfo:
        """The part that a run keeps."""
        return ImageInfo(self.name, self.title, self.image_shape, self.classes, self.citation)
