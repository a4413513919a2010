"""The catalogue: every image set by name, with its shape, size, licence and how to get it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aecore.data import sources
from aecore.errors import MistakeError, nearest


@dataclass(frozen=True)
class DataSet:
    """An image set. `fetch(raw_folder, progress)` returns x_train, y_train, x_test, y_test as uint8 arrays,
    images as (N, C, H, W), labels as (N,)."""

    name: str
    title: str
    image_shape: tuple[int, int, int]
    train_images: int
    test_images: int
    classes: tuple[str, ...]
    citation: str
    fetch: Callable[[Path, sources.Progress], sources.Arrays]
    download_bytes: int = 0
    """How much is downloaded at the most; 0 when the set ships with a library."""


DIGITS = tuple("0123456789")
_DIGITS_CITATION = "Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI (1998); CC BY 4.0"
_MNIST_CITATION = "LeCun, Cortes and Burges, The MNIST database of handwritten digits; CC BY-SA 3.0"

CATALOGUE = {
    data_set.name: data_set
    for data_set in (
        DataSet("digits", "Digits, 8×8", (1, 8, 8), 1500, 297, DIGITS, _DIGITS_CITATION, sources.digits(8)),
        DataSet(
            "digits-28",
            "Digits, enlarged to 28×28",
            (1, 28, 28),
            1500,
            297,
            DIGITS,
            _DIGITS_CITATION,
            sources.digits(28),
        ),
        DataSet(
            "mnist",
            "MNIST",
            (1, 28, 28),
            60_000,
            10_000,
            DIGITS,
            _MNIST_CITATION,
            sources.mnist,
            download_bytes=11_594_722,
        ),
    )
}


def data_set(name: str) -> DataSet:
    """The image set of that name. Raises `MistakeError` naming the nearest one."""
    if name not in CATALOGUE:
        raise MistakeError(f"unknown data set '{name}': {nearest(name, CATALOGUE)}")
    return CATALOGUE[name]
