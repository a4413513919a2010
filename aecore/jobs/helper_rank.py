"""The other processes where torchrun starts several for one run: the first works on it, they share its steps."""

from __future__ import annotations

import contextlib
import signal
import traceback

from aecore.errors import AecoreError
from aecore.jobs import device_queue
from aecore.jobs.failures import describe_failure
from aecore.runs.store import Run, root_of
from aecore.training.rank import Rank, get_rank


def assist() -> str:
    """Share the steps of the run that the first process works on, to its end: `finished`, `stopped`, or `failed` where
    another process has said why.

    Raises `AecoreError` when this process cannot take part.
    """
    from aecore.training import distributed

    here, path = get_rank(), distributed.called()
    if path is None:
        return "stopped"
    try:
        return _assist(here, Run(path))
    except distributed.LostError as lost:
        if lost.told:
            return "failed"
        raise AecoreError(f"rank {here.rank}: {lost}") from None
    except Exception as error:
        line = f"rank {here.rank}: {describe_failure(error, f'reading {path}')}"
        distributed.report_failure(line)
        if not isinstance(error, AecoreError | OSError | MemoryError):
            traceback.print_exc()
        raise AecoreError(line) from error


def _assist(here: Rank, run: Run) -> str:
    from aecore.training import distributed
    from aecore.training.run import assist as share_steps

    with contextlib.ExitStack() as held:
        if here.node and not here.local_rank:  # the devices of another machine than the first process's
            wanted = str(run.status().get("requested_device", "auto"))
            in_line = device_queue.for_processes(root_of(run), wanted, here.local_world, run.id, lambda: False)
            distributed.share_devices(here, held.enter_context(in_line))
        _be_deaf_to_signals()
        joined = held.enter_context(distributed.joined(here))
        return share_steps(run, joined.device, joined.others) if joined else "stopped"


def dismiss() -> None:
    """Let go of the processes that still wait for a run to help with, where this is the first one and has none."""
    here = get_rank()
    if here.world > 1 and here.first:
        from aecore.training import distributed

        distributed.dismiss()


def _be_deaf_to_signals() -> None:
    """Leave it to the first process to stop, for the rest of this one's life: torchrun signals all of them, and they
    must stop at the same step."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
