"""The life of a run: submit, start, stop, resume. The work itself is in `aecore.jobs.worker`.

A job is a process of its own that writes only its run directory. Nothing here imports torch.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import Any

import filelock
import psutil

from aecore import access
from aecore.config.experiment import Experiment
from aecore.config.title import default_title
from aecore.errors import DamagedError, UserError, told
from aecore.format import numbered
from aecore.jobs import detach, device_queue, out_of_memory, run_lock
from aecore.jobs.check import check, remarks_before
from aecore.jobs.failures import record_failures
from aecore.jobs.quota import admission
from aecore.presets import presets
from aecore.remote.server import server
from aecore.runs.json_files import now
from aecore.runs.process import has_open, identity, is_alive, is_here, this_process
from aecore.runs.run import LOG, Run
from aecore.runs.state import (
    ACTIVE,
    LOCK,
    RESUMABLE,
    START_GRACE_S,
    STOP_ASKED,
    expect_worker,
    is_arriving,
    run_state,
)
from aecore.runs.store import Store, root_of, slug


def submit(experiment: Experiment, device: str = "auto", store: Store | None = None) -> Run:
    """Check an experiment and write its run directory, queued. `start` or `work` then runs it.

    Raises `UserError` as `check` does, for what the person at work may not start, and where `AECORE_REMOTE` names a
    server that cannot be one.
    """
    server()
    solved, images = check(experiment, device)
    store = store or Store.default()
    with admission(store, experiment, images, solved) as person:
        title = _title(experiment, store)

        def queue(draft: Run) -> None:
            expect_worker(draft, this_process())
            draft.write_status(
                state="queued",
                title=title,
                requested_device=device,
                submitted=now(),
                epochs=experiment.training.epochs,
                epoch=0,
                parameters=solved.parameters,
                code_size=solved.code_size or None,
                process=None,
                remarks=[remark.as_json() for remark in remarks_before(experiment)],
                **({"owner": person.name} if person.name else {}),
            )

        return store.create(experiment, queue)


def _title(experiment: Experiment, store: Store) -> str:
    """What the run is called until its user renames it: the name that was asked for, else what was changed from the
    preset, with a number where an earlier run is called the same."""
    base = presets().get(experiment.preset)
    title = default_title(experiment, base.experiment if base else None)
    if experiment.name:
        return title
    stem = slug(experiment.title)  # only those can be called the same, unless they were renamed
    earlier = []
    for other in store.runs():
        if not other.shipped and other.id.startswith(stem):
            with contextlib.suppress(DamagedError):
                earlier.append(other.title())
    return numbered(title, earlier)


def start(run: Run) -> None:
    """Start the worker of a queued run: a process that outlives this one, its terminal and the browser."""
    watch = out_of_memory.Watch()
    with record_failures(run, "starting the run"):
        with run.file(LOG).open("ab") as log:
            arguments = ["work", str(run.path)]
            worker = detach.start_detached(arguments, log, lambda status: _note_killed(run, status, watch))
        with contextlib.suppress(psutil.Error):  # it may have ended already
            expect_worker(run, identity(worker.pid))


def _note_killed(run: Run, status: int, watch: out_of_memory.Watch) -> None:
    """Where the system killed the worker, write why, as the worker itself could not."""
    if status != -signal.SIGKILL:
        return
    with contextlib.suppress(OSError, filelock.Timeout), filelock.FileLock(run.file(LOCK), timeout=0):
        if run_state(run) == "interrupted":
            run.write_status(error=watch.what_happened())


def waits_behind(run: Run) -> list[str] | None:
    """The ids of the runs that must end before this one gets its device, the one that trains now first; None when it
    does not wait. Empty where the device is free, or held by something that is no run of this store."""
    return device_queue.ahead(root_of(run), run.id)


@told("stopping the run")
def stop(run: Run, wait_s: float = 15) -> str:
    """Ask the worker to stop cleanly, wait up to `wait_s` seconds for it, and return the state then.

    A run that another machine sends is told so through its sender. Raises `UserError` when the run is not active, or
    when its worker is on another machine that shares the store.
    """
    access.permit("stopping runs", run)
    if run_state(run) not in ACTIVE:
        raise UserError(f"run {run.id} is {run_state(run)}, there is nothing to stop")
    deadline = time.monotonic() + max(wait_s, 0)
    if remote := run.status().get("remote"):
        if is_arriving(run):
            raise UserError(f"run {run.id} has ended on {remote.get('host')}; its files are still arriving")
        run.file(STOP_ASKED).touch()  # its sender is told with the next answer
        while run_state(run) in ACTIVE and time.monotonic() < deadline:
            time.sleep(0.05)
        return run_state(run)
    while (process := run.status().get("process")) is None and run_state(run) in ACTIVE:
        time.sleep(0.05)  # just started: it has no process to signal yet
        if time.monotonic() > deadline + START_GRACE_S:
            break
    if process and not is_here(process):
        raise UserError(f"run {run.id} runs on {process.get('host')}; stop it there")
    if process and is_alive(process) and run.status().get("recorded"):
        with contextlib.suppress(OSError):
            run.file(STOP_ASKED).touch()  # its loop asks; a signal would end a process that is not ours
    elif process and is_alive(process):
        if not has_open(process["pid"], run.file(LOCK)):
            return _without_worker(run, process["pid"])
        with contextlib.suppress(OSError):
            run.file(STOP_ASKED).touch()
        with contextlib.suppress(ProcessLookupError):
            os.kill(process["pid"], signal.SIGTERM)
    while run_state(run) in ACTIVE and time.monotonic() < deadline:
        time.sleep(0.05)
    if run_state(run) == "interrupted":  # the signal ended it before it could record that it stopped
        run.write_status(state="stopped", ended=now(), process=None)
    return run_state(run)


def _without_worker(run: Run, stranger: int) -> str:
    """Record as stopped a run whose status names a process that does not work on it, and leave that one alone.

    Raises `UserError` where yet another process works on it.
    """
    try:
        with filelock.FileLock(run.file(LOCK), timeout=0):
            run.write_status(state="stopped", ended=now(), process=None)
    except filelock.Timeout:
        raise UserError(
            f"run {run.id} is trained by another process than {stranger}, which its status names; end it by hand"
        ) from None
    return "stopped"


def requeue(run: Run, force: bool = False) -> None:
    """Queue a stopped, interrupted or failed run again; `start` or `work` then resumes it.

    With `force` also one whose status says otherwise, wrongly, or cannot be read, as long as nobody works on it. Raises
    `UserError` when there is nothing to resume.
    """
    access.permit("resuming runs", run)
    if run.shipped:
        raise UserError(f"run {run.id} ships with the project and is read-only")
    if host := _remote_host(run):
        raise UserError(f"run {run.id} was trained on {host} and sent from there: resume it there")
    if _is_recorded(run):
        raise UserError(f"run {run.id} was trained in another program's loop: start that again")
    current = run_state(run)
    if force and current != "finished":
        _check_idle(run)
    elif current not in RESUMABLE:
        why = {
            "finished": "has finished; start a new one with more epochs",
            "damaged": "is damaged and cannot be resumed",
        }
        raise UserError(f"run {run.id} {why.get(current, f'is already {current}')}")
    run.experiment()
    with _idle(run), record_failures(run, "resuming"):
        expect_worker(run, this_process())
        run.write_status(state="queued", process=None, error=None, ended=None)


def _remote_host(run: Run) -> str:
    """The machine that has sent the run; empty for one that was made here."""
    with contextlib.suppress(DamagedError):
        if remote := run.status().get("remote"):
            return str(remote.get("host") or "another machine")
    return ""


def _is_recorded(run: Run) -> bool:
    with contextlib.suppress(DamagedError):
        return bool(run.status().get("recorded"))
    return False


def _idle(run: Run) -> contextlib.AbstractContextManager[object]:
    """While nobody works on a run. A worker that was killed may seem gone while its last write is still on its way to
    the disk, where it would take the place of what is written now."""
    busy = f"a process is still working on run {run.id}; resume it once that has ended"
    return run_lock.take(run, f"resuming run {run.id}", busy)


def _check_idle(run: Run) -> None:
    """Raise `UserError` where a process of this machine works on a run, or one of another seems to."""
    process: dict[str, Any] = {}
    with contextlib.suppress(DamagedError):
        process = run.status().get("process") or {}
    if process and not is_here(process) and run_state(run) in ACTIVE:
        raise UserError(f"run {run.id} runs on {process.get('host')}; stop it there")
    try:
        filelock.FileLock(run.file(LOCK), timeout=0).acquire().lock.release()
    except filelock.Timeout:
        raise UserError(f"a process is working on run {run.id}; stop it first") from None


@told("resuming the run")
def take_over(run: Run) -> None:
    """Queue a run again whose worker is known to be gone, whatever its status says, unless it has finished."""
    with _idle(run):
        if run.status().get("state") != "finished":
            expect_worker(run, this_process())
            run.write_status(state="queued", process=None, error=None, ended=None)


@told("recording the end of the run")
def give_up(run: Run, why: str, state: str = "failed") -> None:
    """Record the end of a run whose worker is known to have exited unexpectedly."""
    run.write_status(state=state, error=why or None, ended=now(), process=None)
