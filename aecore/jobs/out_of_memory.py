"""When memory runs out: a worker goes before the server does, and what happened to it is said."""

from __future__ import annotations

import contextlib
from pathlib import Path

from aecore.data.catalogue import data_set
from aecore.errors import AecoreError
from aecore.jobs.estimate import GB, LIBRARIES, estimate
from aecore.memory import free_memory
from aecore.models.architecture import plan
from aecore.runs.run import Run

KILLED_FIRST = 500
"""Of 1,000: how much likelier than others Linux is to kill a worker when memory has run out."""
SLACK = 1.4
"""The estimate may be too high by so much: less is not refused."""
ADVICE = "choose a smaller training.batch_size or narrower layers"


def go_first() -> None:
    """Let the system end this worker, which can be resumed, before the server and what else runs on the machine."""
    with contextlib.suppress(OSError):  # not on Linux, or not allowed
        Path("/proc/self/oom_score_adj").write_text(str(KILLED_FIRST))


def check_free(run: Run) -> None:
    """Raise `AecoreError` where the memory that is free now would not hold the run's training."""
    experiment = run.experiment()
    solved = plan(experiment.model, data_set(experiment.data.source).image_shape)
    needed, free = estimate(experiment, solved).bytes, free_memory()
    if needed - LIBRARIES > SLACK * free:
        raise AecoreError(
            f"training takes about {needed / GB:.1f} GB of memory and {free / GB:.1f} GB is free now; "
            f"resume the run when there is more, or {ADVICE}"
        )


class Watch:
    """Whether the system has ended a process for memory since this was made."""

    def __init__(self) -> None:
        self.before = _killed_for_memory()

    def what_happened(self) -> str:
        """One line about a worker that was killed meanwhile."""
        if self.before is not None and (_killed_for_memory() or 0) > self.before:
            return f"the machine ran out of memory and the system ended the worker; {ADVICE}"
        return "the worker was killed (SIGKILL): by somebody, or by the system for want of memory"


def _killed_for_memory() -> int | None:
    """How many processes Linux has killed for want of memory since it started; None where that is not said."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
    except (OSError, ValueError, IndexError):
        return None
