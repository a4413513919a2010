"""EMNIST's digits: 240,000 to train on and 40,000 to test, from the archive of all of EMNIST, checked by its MD5 sum.

The archive's images are transposed, which is undone, so that the digits stand upright like MNIST's.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
import zlib
from functools import partial
from pathlib import Path
from typing import IO

from aecore.data.download import SourceError, download, first_that_works, gunzip
from aecore.data.image_set import Arrays, Progress
from aecore.data.sources import from_idx

ARCHIVE = "gzip.zip"
ARCHIVE_BYTES = 561_753_746
MEMBERS = tuple(
    f"emnist-digits-{split}-{kind}-ubyte" for split in ("train", "test") for kind in ("images-idx3", "labels-idx1")
)
CHUNK = 1 << 20


def emnist_digits(raw: Path, progress: Progress) -> Arrays:
    """EMNIST's digits from the archive in `raw`, else from the address that torchvision knows.

    Raises `AecoreError` that says where to put which file when neither works.
    """
    return first_that_works(
        "EMNIST",
        [partial(source, raw, progress) for source in (_from_raw, _site)],
        lambda arrays: arrays,
        f"put {ARCHIVE} of EMNIST (its gzip version) into {raw} and try again",
    )


def _from_raw(raw: Path, progress: Progress) -> Arrays:
    if not (raw / ARCHIVE).is_file():
        raise SourceError("no downloaded archive")
    with (raw / ARCHIVE).open("rb") as file:
        return _from_archive(file, progress)


def _site(raw: Path, progress: Progress) -> Arrays:
    with tempfile.TemporaryFile(dir=raw) as file:
        download(_torchvision()[0], ARCHIVE, progress, file)
        return _from_archive(file, progress)


def _torchvision() -> tuple[str, str]:
    """The archive's address and MD5 sum, as torchvision has them."""
    try:
        from torchvision.datasets import EMNIST

        return EMNIST.url, EMNIST.md5
    except Exception as error:  # a torchvision that does not match its torch raises errors of any type
        raise SourceError(f"torchvision does not import: {str(error).splitlines()[0]}") from None


def _from_archive(file: IO[bytes], progress: Progress) -> Arrays:
    file.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    while piece := file.read(CHUNK):
        digest.update(piece)
    if digest.hexdigest() != _torchvision()[1]:
        raise SourceError(f"{ARCHIVE} is not the genuine file (its MD5 differs)")
    parts = []
    try:
        with zipfile.ZipFile(file) as archive:
            known = {name.rpartition("/")[2]: name for name in archive.namelist()}
            for i, member in enumerate(MEMBERS):
                progress(f"unpacking {member}", i, len(MEMBERS))
                parts.append(from_idx(gunzip(archive.read(known[f"{member}.gz"]), f"{member}.gz")))
    except (KeyError, zipfile.BadZipFile, OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{ARCHIVE} does not unpack: {error}") from None
    x_train, y_train, x_test, y_test = parts
    return Arrays(x_train.swapaxes(2, 3), y_train, x_test.swapaxes(2, 3), y_test)
