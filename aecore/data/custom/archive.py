"""The pictures in a zip archive, read as those of a folder, each bounded before it is unpacked."""

from __future__ import annotations

import io
import zipfile
from functools import partial
from pathlib import Path
from typing import IO

from aecore.data.custom.decode import UnusableError
from aecore.data.custom.folder import MAX_ENTRIES, File, Listing, is_hidden, is_picture
from aecore.data.custom.stored import as_user_errors
from aecore.errors import UserError
from aecore.files import whole_zip

MAX_PICTURE_BYTES = 256 << 20
"""A larger file in the archive is not unpacked."""
SMALL_BYTES, MOST_TIMES = 16 << 20, 500
"""A picture of more bytes that was packed more tightly is none: unpacking hundreds of such would take minutes."""


def zip_listing(path: Path, text: str) -> Listing:
    """The files in the archive, sorted. Raises `UserError` for what is no zip archive."""
    found = Listing()
    with as_user_errors(text, "a zip archive"), zipfile.ZipFile(path) as archive:
        whole_zip(archive)
        entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise UserError(f"{text} holds more than {MAX_ENTRIES:,} files: unpack it, and name the folder of the images")
    for entry in entries:
        parts = [part for part in entry.filename.split("/") if part]
        if entry.is_dir() or not parts:
            continue
        if any(map(is_hidden, parts)):
            found.hidden.append(entry.filename)
        else:
            file = File(entry.filename, entry.file_size, (0, 0))
            (found.pictures if is_picture(file.name) else found.others).append(file)
    return Listing(sorted(found.pictures), sorted(found.others), sorted(found.hidden))


def open_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A picture of the open archive. Raises `UnusableError` for one that is too large, packed away or damaged."""
    if archive.getinfo(name).file_size > MAX_PICTURE_BYTES:
        raise UnusableError(f"is larger than {MAX_PICTURE_BYTES >> 20} MB")
    entry = archive.getinfo(name)
    if entry.file_size > SMALL_BYTES and entry.file_size > MOST_TIMES * entry.compress_size:
        raise UnusableError(f"unpacks to more than {MOST_TIMES} times its size, as no picture does")
    try:
        with archive.open(name) as member:
            return io.BytesIO(member.read(MAX_PICTURE_BYTES + 1)[:MAX_PICTURE_BYTES])
    except NotImplementedError:
        raise UnusableError("is packed in a way that is not read") from None
    except RuntimeError:
        raise UnusableError("needs a password") from None


def opener(archive: zipfile.ZipFile, name: str) -> partial[IO[bytes]]:
    """Opens that picture each time it is called."""
    return partial(open_member, archive, name)
