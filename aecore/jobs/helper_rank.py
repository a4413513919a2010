"""The processes other than rank 0, where torchrun starts several for one run: they share the steps of its training."""

from __future__ import annotations

import contextlib
import traceback

from aecore.errors import AecoreError
from aecore.jobs import device_queue
from aecore.jobs.failures import describe_failure
from aecore.jobs.signals import ignore_stop_signals
from aecore.runs.run import Run
from aecore.runs.store import root_of
from aecore.training.rank import Rank, get_rank


def assist() -> str:
    """Wait for the run that rank 0 trains and share its steps to the end: `finished`, `stopped`, or `failed` where
    another process has reported why.

    Raises `AecoreError` when this process cannot take part.
    """
    from aecore.training import distributed

    here, path = get_rank(), distributed.wait_for_run()
    if path is None:
        return "stopped"
    try:
        return _assist(here, Run(path))
    except distributed.PeerLostError as lost:
        if lost.reported:
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
        if here.node and not here.local_rank:  # rank 0 holds the devices of its own machine only
            wanted = str(run.status().get("requested_device", "auto"))
            waiting = device_queue.for_processes(root_of(run), wanted, here.local_world, run.id, lambda: False)
            distributed.share_devices(here, held.enter_context(waiting))
        ignore_stop_signals()  # torchrun signals all ranks; all must stop at the same step, which rank 0 decides
        joined = held.enter_context(distributed.join_group(here))
        return share_steps(run, joined.device, joined.group) if joined else "stopped"


def dismiss() -> None:
    """In rank 0: tell the ranks that still wait for a run that there is none."""
    here = get_rank()
    if here.world > 1 and here.first:
        from aecore.training import distributed

        distributed.dismiss()
