"""The work on a run: its worker trains it to its end, with a device of its own.

Nothing here imports torch before the worker holds its device.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from aecore.devices import Device
from aecore.errors import UserError
from aecore.jobs import device_queue, out_of_memory, run_lock
from aecore.jobs.failures import record_failures
from aecore.jobs.signals import stop_flag
from aecore.remote.server import Server, server
from aecore.runs.json_files import now
from aecore.runs.process import this_process
from aecore.runs.progress import Report, silent
from aecore.runs.run import Run
from aecore.runs.state import LOCK, STARTING, STOP_ASKED, heartbeat
from aecore.runs.store import root_of
from aecore.training.rank import get_rank


def work(
    run: Run,
    report: Report = silent,
    *,
    held: Device | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> str:
    """Train a queued run in this process to its end, and return its state: `finished` or `stopped`.

    SIGTERM, Ctrl-C and a true `stop()` end it cleanly. It waits in the queue for a device, unless the caller already
    holds one: `held`. Where `AECORE_REMOTE` names a server, the run is sent there. Where torchrun has started several
    processes this is rank 0's part: it waits for a GPU for each, and the other ranks are in `aecore.jobs.helper_rank`.
    A failure is written into the run, then raised as `AecoreError`. A run that is not queued is left as it is:
    `UserError`.
    """
    to = server()
    lock = run_lock.take(run, f"working on run {run.id}", f"another process is already working on run {run.id}")
    out_of_memory.go_first()
    with _sending(run, to) as asked_there, lock, heartbeat(run.file(LOCK)):
        recorded = run.status().get("state")
        if recorded != "queued":  # stopped before this worker was there, or finished by another
            raise UserError(f"run {run.id} is {recorded}, not queued")
        return _work(run, report, held, lambda: stop() or asked_there())


def _sending(run: Run, to: Server | None) -> contextlib.AbstractContextManager[Callable[[], bool]]:
    """Send the run meanwhile, where there is a server, and ask there whether it is to stop."""
    if to is None:
        return contextlib.nullcontext(lambda: False)
    from aecore.remote.sender import sending

    return sending(run, to)


def _work(run: Run, report: Report, held: Device | None, stop: Callable[[], bool]) -> str:
    # In this order: a signal sent because another process has ended must not interrupt the recording of that failure.
    with stop_flag() as flag, record_failures(run, f"writing to {run.path}"):

        def stopped() -> bool:
            return flag.is_set() or stop()

        here = get_rank()
        run.file(STOP_ASKED).unlink(missing_ok=True)  # of an earlier worker
        status = run.write_status(state="queued", process=this_process(), error=None)
        run.file(STARTING).unlink(missing_ok=True)
        wanted = str(status.get("requested_device", "auto"))

        def waiting(position: int, family: str) -> None:
            report("waiting", 0, 0, f"{position}. in the queue for {family}")

        if held:
            holding = contextlib.nullcontext([held])
        else:
            holding = device_queue.for_processes(root_of(run), wanted, here.local_world, run.id, stopped, waiting)
        with holding as devices:
            if devices:
                if devices[0].family == "cpu":
                    out_of_memory.check_free(run)
                from aecore.training.distributed import form_group  # torch, only now
                from aecore.training.run import train_run

                with form_group(here, run.path, devices, stopped) as group:
                    if group:
                        return train_run(run, devices[0], stopped, report, group, partial(_measure, report=report))
            run.write_status(state="stopped", ended=now(), process=None)
            return "stopped"


def _measure(run: Run, report: Report) -> None:
    """Measure a run that has been trained, if its experiment asks for it. Its training is not lost where that fails."""
    if not run.experiment().evaluation.measure:
        return
    from aecore.measures.of_run import measure_run

    try:
        measure_run(run, str(run.status().get("device") or "cpu"), report)
    except Exception as error:  # whatever it is, the run has been trained
        print(f"the run was not measured: {error or type(error).__name__}", flush=True)
