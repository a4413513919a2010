"""Opening a file that may be packed with gzip, without letting a few bytes become gigabytes."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from aecore.data.custom import limits
from aecore.errors import UserError

CHUNK = 1 << 20
HEADER_BYTES = 1 << 20
"""What a file may have besides its images."""


@contextmanager
def open_bounded(path: Path, text: str) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where its name ends in .gz, as a file in which one can seek.

    Raises `UserError` for more bytes than all images may take.
    """
    if path.suffix.lower() != ".gz":
        with path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile(prefix="aecore-") as unpacked:
        total = 0
        with gzip.open(path, "rb") as packed:
            while piece := packed.read(CHUNK):
                total += len(piece)
                if total > limits.MAX_BYTES + HEADER_BYTES:
                    raise UserError(
                        f"{text} unpacks to more than {limits.MAX_BYTES / 1e9:.1f} GB: use fewer or smaller images"
                    )
                unpacked.write(piece)
        unpacked.seek(0)
        yield unpacked
