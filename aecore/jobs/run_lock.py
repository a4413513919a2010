"""The lock of a run: whoever works on it holds it, until nothing of the process is left."""

from __future__ import annotations

import filelock

from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.runs.run import Run
from aecore.runs.state import LOCK

WAIT_S = 5
"""How long to wait for it: a process that was killed or has ended releases its files a moment later."""


def take(run: Run, doing: str, taken: str) -> filelock.AcquireReturnProxy:
    """The lock, until the block of a `with` ends. Raises `UserError` with the words `taken` while another has it,
    `AecoreError`, which names what one was `doing`, where the folder cannot be written."""
    try:
        return filelock.FileLock(run.file(LOCK), timeout=WAIT_S).acquire()
    except filelock.Timeout:
        raise UserError(taken) from None
    except OSError as error:
        raise AecoreError(describe_os_error(error, doing)) from None
