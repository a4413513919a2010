"""The errors that a user sees, each in one line: a wrong request, or a failure."""

from __future__ import annotations

import contextlib
import difflib
import errno
from collections.abc import Iterable, Iterator
from pathlib import Path


class AecoreError(Exception):
    """Something failed that the caller could not have known: no network, a full disk. Exit status 1."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))  # one line, whatever it quotes


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
    """The text of a file that the user named. Raises `UserError` with the reason when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
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
