"""What training and test images say before any model: the mean image's error on them, and images that are in both."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

CHUNK = 2048
"""Images that are converted at a time, so that a large set needs little memory."""


@dataclass(frozen=True)
class Split:
    """What the remarks on a run need to know of its images."""

    mean_image_mse: float
    """Mean squared error of answering every test image with the mean training image, [0, 1] scale."""
    duplicates: int
    """Test images that are equal, byte for byte, to a training image."""
    test_images: int
    below_middle: float
    """Share of the test images' values in the darker half of the range, 0 to 1: below 0 where the range is [-1, 1]."""


def describe_split(train: np.ndarray, test: np.ndarray) -> Split:
    """Describe the images that are trained on and the test images, both uint8 (N, C, H, W) with N ≥ 1.

    Raises `ValueError` where the images of the two differ in shape.
    """
    if train.shape[1:] != test.shape[1:]:
        raise ValueError(f"training images are {train.shape[1:]}, test images {test.shape[1:]}: the shapes must agree")
    dark = sum(int(np.count_nonzero(part < 128)) for part in _chunks(test))
    return Split(mean_image_mse(train, test), duplicates(train, test), len(test), dark / test.size)


def _chunks(images: np.ndarray) -> Iterator[np.ndarray]:
    """The images, `CHUNK` at a time. Pages of a memory map are given back after each: they count as this process's
    memory, and a set may be larger than that."""
    mapped, unused = getattr(images, "_mmap", None), getattr(mmap, "MADV_DONTNEED", None)
    for start in range(0, len(images), CHUNK):
        yield images[start : start + CHUNK]
        if mapped is not None and unused is not None:
            mapped.madvise(unused)


def mean_image_mse(train: np.ndarray, test: np.ndarray) -> float:
    """Mean squared error of answering every test image with the mean training image, on the [0, 1] scale.

    Both are uint8 (N, C, H, W). This is what a model scores that has learnt nothing but the mean.
    """
    length = math.prod(train.shape[1:])
    total = np.zeros(length)
    for part in _chunks(train):
        total += part.reshape(len(part), -1).sum(0, dtype=np.float64)  # exact: whole numbers below 2⁵³
    mean, squares = total / len(train), 0.0
    for part in _chunks(test):
        part = part.reshape(-1, length).astype(np.float32)
        part -= mean.astype(np.float32)
        squares += float(np.vdot(part, part))
    return squares / test.size / 255**2


def duplicates(train: np.ndarray, test: np.ndarray) -> int:
    """The number of test images that are equal, byte for byte, to at least one training image; both uint8."""
    hashes = _hashes(train)
    known, tested = set(hashes.tolist()), _hashes(test)
    suspects = [i for i, value in enumerate(tested.tolist()) if value in known]
    if not suspects:
        return 0
    # Two different images may share a hash, so the bytes decide.
    wanted = np.isin(hashes, tested[suspects])
    pixels = {train[i].tobytes() for i in np.flatnonzero(wanted)}
    return sum(test[i].tobytes() in pixels for i in suspects)


def _hashes(images: np.ndarray) -> np.ndarray:
    """A number for every image, uint64 (N,), equal for equal images: a product of its bytes, eight at a time, with odd
    random numbers, modulo 2⁶⁴."""
    length = int(np.prod(images.shape[1:]))
    words = -(-length // 8)
    factors = np.random.default_rng(0).integers(0, 2**63, words, dtype=np.uint64) * 2 + 1
    result = np.empty(len(images), np.uint64)
    for start, part in zip(range(0, len(images), CHUNK), _chunks(images), strict=True):
        padded = np.zeros((len(part), words * 8), np.uint8)
        padded[:, :length] = part.reshape(len(part), -1)
        result[start : start + len(part)] = padded.view(np.uint64) @ factors
    return result
