"""Recording failures: one line in the run's status for whatever went wrong."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator

from aecore.errors import AecoreError, describe_os_error
from aecore.runs.json_files import now
from aecore.runs.run import Run
from aecore.training.rank import get_rank


@contextlib.contextmanager
def record_failures(run: Run, doing: str) -> Iterator[None]:
    """Write an error that is raised in the block into the run's status, in one line, and raise it as `AecoreError`.

    `doing` says in the message what an operating system error interrupted. What the run has saved stays.
    """
    try:
        yield
    except Exception as error:
        line = describe_failure(error, doing)
        # On a full disk even this may fail; then the missing process shows that the run was interrupted.
        with contextlib.suppress(OSError):
            run.write_status(state="failed", error=line, ended=now(), process=None)
        if get_rank().world > 1:
            from aecore.training.distributed import report_failure

            report_failure(line)
        if isinstance(error, AecoreError):
            raise
        if not isinstance(error, OSError | MemoryError):
            traceback.print_exc()
        raise AecoreError(line) from error


def describe_failure(error: Exception, doing: str) -> str:
    """One line for whatever went wrong while `doing` something."""
    if isinstance(error, AecoreError):
        return str(error)
    if isinstance(error, OSError):
        return describe_os_error(error, doing)
    text = str(error).strip().splitlines()[0] if str(error).strip() else ""
    if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return "out of memory: choose a smaller training.batch_size or narrower layers"
    return f"{type(error).__name__}: {text}"
