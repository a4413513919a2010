"""What lies in a folder of the user's: pictures, files of arrays, and what is neither.

The folder may contain anything: cyclic links, pipes, hidden files, other programs' folders.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from aecore.data.custom.limits import one_line
from aecore.errors import UserError

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
    *(".pnm", ".tga", ".jp2", ".j2k", ".avif"),
)
"""Of pictures."""
UNREAD = (
    ".heic",
    ".heif",
    ".svg",
    ".dcm",
    ".nii",
    ".nef",
    ".cr2",
    ".dng",
    ".psd",
    ".exr",
    ".hdr",
    ".xcf",
    ".eps",
    ".jxl",
)
"""Of pictures in formats that are not read."""
IGNORED_FOLDERS = ("__macosx", "@eadir", "$recycle.bin", "__pycache__", "lost+found")
"""In lower case; other programs keep copies and thumbnails there."""
MAX_ENTRIES = 500_000


class File(NamedTuple):
    """A file; `name` is its path below the folder, with slashes, and `times` are those of its content and of its entry:
    the first can be set back after a change, the second cannot."""

    name: str
    bytes: int
    times: tuple[int, int]


@dataclass
class Listing:
    """The files below a folder, sorted: pictures, others, and the names of those never looked at."""

    pictures: list[File] = field(default_factory=list)
    others: list[File] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of that name is no one's picture: hidden, or made by the system."""
    return name.startswith(".") or name.lower() in IGNORED_FOLDERS


def listing(root: Path, text: str) -> Listing:
    """The files below `root`; links are followed, each folder is listed once.

    Raises `UserError` when a folder cannot be read or contains too many files.
    """
    found, seen, pending, entries = Listing(), set(), [""], 0
    while pending:
        below = pending.pop()
        try:
            status = (root / below).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(root / below) as scan:
                here = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            raise UserError(f"{text} cannot be read: {error.strerror} ({one_line(below) or '.'})") from None
        entries += len(here)
        if entries > MAX_ENTRIES:
            raise UserError(f"{text} holds more than {MAX_ENTRIES:,} files: name the folder that holds the images")
        for entry in here:
            name = f"{below}/{entry.name}" if below else entry.name
            try:
                if is_hidden(entry.name):
                    found.hidden.append(name)
                elif entry.is_dir():
                    pending.append(name)
                elif entry.is_file():
                    status = entry.stat()
                    file = File(name, status.st_size, (status.st_mtime_ns, status.st_ctime_ns))
                    (found.pictures if is_picture(name) else found.others).append(file)
            except OSError:  # a link to itself, or deleted meanwhile
                continue
    return Listing(sorted(found.pictures), sorted(found.others), sorted(found.hidden))


def is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def no_pictures(text: str, names: Sequence[str]) -> UserError:
    """The error for a folder or archive with these files and no pictures."""
    unread = [name for name in names if name.lower().endswith(UNREAD)]
    if unread:
        kind = Path(unread[0]).suffix.lower()
        return UserError(f"{text} holds no images that are read, but {len(unread):,} {kind} files: convert them to PNG")
    return UserError(f"{text} holds no images ({' '.join(SUFFIXES)})")
