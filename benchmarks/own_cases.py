"""What the cases of `benchmarks.own_pictures` share: a case, its truth, and pictures whose every pixel is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Truth:
    """What is right: the images uint8 (N, C, H, W), a class's name for each, and words that must be said.

    `within` is the largest difference of a pixel: 0 unless the file itself loses something.
    """

    train: np.ndarray
    test: np.ndarray
    train_classes: Sequence[str] | None = None
    test_classes: Sequence[str] | None = None
    said: tuple[str, ...] = ()
    within: int = 0


@dataclass(frozen=True)
class Refused:
    """The one line that must be said instead, in part."""

    said: str


@dataclass(frozen=True)
class Case:
    """A folder or file as people have them; `write` makes it below a new folder and returns its path and the truth."""

    name: str
    write: Callable[[Path], tuple[Path, Truth | Refused]]
    options: str = ""
    """`?size=…&fit=…`, as the settings data.size and data.fit."""


def pictures(count: int, height: int = 12, width: int = 12, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Smooth pictures uint8 (N, H, W, C), all different, each with a black and a white pixel, no two channels alike."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width][:, None, ..., None]
    phases, periods = rng.uniform(0, 6, (2, count, 1, 1, channels)), rng.uniform(9, 20, (2, count, 1, 1, channels))
    waves = np.sin(x / periods[0] * 3 + phases[0]) * np.cos(y / periods[1] * 3 + phases[1])
    made = np.rint(127.5 + 120 * waves).clip(0, 255).astype(np.uint8)
    made[:, 0, 0], made[:, 0, 1] = 0, 255
    return made


def first(images: np.ndarray) -> np.ndarray:
    """Images (N, H, W, C) as (N, C, H, W)."""
    return images.transpose(0, 3, 1, 2)


def every_sixth(images: np.ndarray, classes: Sequence[str] | None = None, **more: Any) -> Truth:
    """The truth of images (N, H, W, C) without a split: the first and every sixth after it are test images."""
    test = np.arange(len(images)) % 6 == 0
    names = np.array(["unlabelled"] * len(images) if classes is None else list(classes))
    return Truth(first(images)[~test], first(images)[test], names[~test].tolist(), names[test].tolist(), **more)


def save(path: Path, image: np.ndarray, **options: Any) -> None:
    """Write a picture (H, W) or (H, W, C)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image).save(path, **options)


def save_all(folder: Path, images: np.ndarray, suffix: str = ".png", **options: Any) -> None:
    """Write pictures (N, H, W, C) as 000.png, 001.png, …"""
    for i, image in enumerate(images):
        save(folder / f"{i:03}{suffix}", image, **options)
