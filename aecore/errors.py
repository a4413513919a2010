"""The errors that a user sees, each in one line: a wrong request, or a failure."""

from __future__ import annotations

import contextlib
import difflib
import errno
from collections.abc import Iterable, Iterator
from pathlib import Path

MOST_TEXT = 1 << 20
"""How many bytes a text file of settings may have."""
LONGEST = 2000
"""How many characters of an error message are shown: it may quote a file."""


class AecoreError(Exception):
    """Something failed that the caller could not have known: no network, a full disk. Exit status 1."""

    def __init__(self, message: str) -> None:
        line = " ".join(message.split())  # one line, whatever it quotes
        super().__init__(line if len(line) <= LONGEST else f"{line[:LONGEST]} …")


class UserError(AecoreError):
    """The request itself is wrong; the message says what is wrong and what would be right. Exit status 2."""


def nearest(name: str, options: Iterable[str]) -> str:
    """A hint for an unknown `name`: the closest option if one is close, else all of them."""
    options = list(options)
    close = difflib.get_close_matches(name.lower(), options, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"there are: {', '.join(options)}" if options else "there are none"


def describe_os_error(error: OSError, doing: str) -> str:
    """One line for an operating system error that was raised while `doing` something."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        full = "the disk is full" if error.errno == errno.ENOSPC else "the quota of disk space is used up"
        return f"{full}: could not finish {doing}{where}; free some space and try again"
    if error.errno == errno.EFBIG:
        return f"a file may not become so large here: could not finish {doing}{where}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"not allowed to write: could not finish {doing}{where}"
    return f"could not finish {doing}{where}: {error.strerror or error}"


@contextlib.contextmanager
def told(doing: str) -> Iterator[None]:
    """Raise an operating system error of the block as `AecoreError`, in one line that names what it interrupted."""
    try:
        yield
    except OSError as error:
        raise AecoreError(describe_os_error(error, doing)) from None


def read_text(path: Path) -> str:
    """The text of a file that the user named. Raises `UserError` with the reason when it cannot be read, and for one
    that is longer than anybody writes or is no regular file."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UserError(f"{path} is a pipe, socket or device, not a file")
        with path.open("rb") as file:
            data = file.read(MOST_TEXT + 1)
        if len(data) > MOST_TEXT:
            raise UserError(f"{path} is larger than {MOST_TEXT >> 20} MB, more than settings take")
        return data.decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        raise UserError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder, not a file") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a text file (UTF-8)") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None


class DamagedError(AecoreError):
    """A file of a run is missing, empty, truncated or has the wrong content."""


class OutdatedError(DamagedError):
    """A file was made from other weights than the run has now."""
