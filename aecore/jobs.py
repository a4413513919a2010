"""Jobs: submit, queue, stop and resume runs, and tell what state a run is really in.

A job is a process of its own that writes only its run directory. Nothing here imports torch, and a worker does
so only once it holds its device.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import filelock

from aecore import demo, detached, slots
from aecore.classifier import SETS, reads
from aecore.data.access import prepared
from aecore.data.catalogue import CATALOGUE, data_set
from aecore.devices import Device, choose_for
from aecore.errors import AecoreError, MistakeError, describe_os_error
from aecore.experiment import Experiment
from aecore.models.plan import Plan, plan
from aecore.processes import place
from aecore.store import LOG, DamagedError, Run, Store, now

ACTIVE = ("queued", "preparing", "running", "evaluating")
RESUMABLE = ("stopped", "interrupted", "failed")
START_GRACE_S = 30
"""How long a submitted run may go without a process before it counts as interrupted."""
WRITER_WAIT_S = 5
"""How long to wait for a run's last worker to be gone: a killed process lets go of its files a moment later."""
LOCK = ".lock"
BEAT_S, SILENT_S = 30, 300
"""A worker touches its lock file so often; one of another machine that has not for so long is gone."""

Report = Callable[[str, float, float, str], None]
"""Called as `report(stage, done, total, note)`; a total of 0 means that it is not known."""


def submit(experiment: Experiment, device: str = "auto", store: Store | None = None) -> Run:
    """Check an experiment whole and write its run directory, queued. `start` or `work` then runs it.

    Raises `MistakeError` as `check` does, and for what a public demo does not allow.
    """
    solved, images = check(experiment, device)
    store = store or Store.default()
    if demo.mode():
        active = sum(state(other) in ACTIVE for other in store.runs())
        demo.check_size(experiment.training.epochs, images, solved.parameters, active)
    run = store.create(experiment)
    with _failures_told(run, "writing the run"):
        run.write_status(
            state="queued",
            requested_device=device,
            submitted=now(),
            epochs=experiment.training.epochs,
            epoch=0,
            parameters=solved.parameters,
            code_size=solved.code_size,
            process=None,
        )
    return run


def check(experiment: Experiment, device: str = "auto") -> tuple[Plan, int]:
    """What an experiment's model is solved to, and on how many images it works, those held out included.

    Raises `MistakeError` for a data set, model or device that does not exist or cannot be built.
    """
    demo.check_data(experiment.data.name, prepared, CATALOGUE)
    about = data_set(experiment.data.name)
    held, wanted = experiment.data.validation_images, experiment.data.train_images
    if held >= about.train_images:
        raise MistakeError(
            f"data.validation_images: {about.name} has {about.train_images:,} training images; "
            f"holding out {held:,} leaves none"
        )
    if (wanted or 0) > about.train_images - held:
        left = f", of which {held:,} are held out" if held else ""
        raise MistakeError(
            f"data.train_images: {about.name} has {about.train_images:,} training images{left}, got {wanted:,}"
        )
    if experiment.evaluation.wrong_digits and not reads(about.name):
        raise MistakeError(
            f"evaluation.wrong_digits: the digit classifier reads {', '.join(SETS)}, not {about.name}; set it to false"
        )
    solved = plan(experiment.model, about.image_shape)
    images = wanted or about.train_images - held
    _check_last_batch(solved, images, experiment.training.batch_size)
    choose_for(device, place().local_world)
    return solved, images + held


def _check_last_batch(solved: Plan, images: int, batch_size: int) -> None:
    """Raise `MistakeError` where batch normalisation would meet a single value, which has no spread."""
    last = images % min(batch_size, images) or min(batch_size, images)
    if last == 1 and any(layer.norm and math.prod(layer.output_shape[1:]) == 1 for layer in solved.layers):
        raise MistakeError(
            f"training.batch_size: {batch_size:,} leaves a last batch of one image, which batch normalisation "
            f"cannot train on; choose another size"
        )


def start(run: Run) -> None:
    """Run a queued job detached: it outlives this process, its terminal and the browser."""
    with run.file(LOG).open("ab") as log:
        detached.start_detached(["work", str(run.path)], log)


def state(run: Run) -> str:
    """What is true now: an active state without a living process is `interrupted`, an unreadable one `damaged`."""
    try:
        return true_state(run.status(), run.file(LOCK))
    except DamagedError:
        return "damaged"


def true_state(status: dict[str, Any], lock: Path) -> str:
    """The same, from a status that was already read, and the file that the process holds."""
    recorded = str(status.get("state", "damaged"))
    if recorded not in ACTIVE:
        return recorded
    process = status.get("process")
    if process is None:
        return recorded if _age_s(status.get("updated")) < START_GRACE_S else "interrupted"
    alive = slots.is_alive(process) if slots.is_here(process) else _beats(lock)
    return recorded if alive else "interrupted"


def _beats(lock: Path) -> bool:
    """Whether the worker of another machine that shares the store has shown itself lately."""
    try:
        return time.time() - lock.stat().st_mtime < SILENT_S
    except OSError:
        return False


def queue_position(run: Run) -> int | None:
    """The run's place in line for its device, 1 being next; None when it does not wait."""
    return slots.position(root_of(run), run.id)


def stop(run: Run, wait_s: float = 15) -> str:
    """Ask the worker to stop after what it is doing, wait up to `wait_s`, return the state then.

    Raises `MistakeError` when the run is not active.
    """
    demo.refuse("stopping runs")
    if state(run) not in ACTIVE:
        raise MistakeError(f"run {run.id} is {state(run)}, there is nothing to stop")
    deadline = time.monotonic() + max(wait_s, 0)
    while (process := run.status().get("process")) is None and state(run) in ACTIVE:
        time.sleep(0.05)  # just started: it has no process to signal yet
        if time.monotonic() > deadline + START_GRACE_S:
            break
    if process and not slots.is_here(process):
        raise MistakeError(f"run {run.id} runs on {process.get('host')}; stop it there")
    if process and slots.is_alive(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process["pid"], signal.SIGTERM)
    while state(run) in ACTIVE and time.monotonic() < deadline:
        time.sleep(0.05)
    if state(run) == "interrupted":  # it died on the signal, before it could say so
        run.write_status(state="stopped", ended=now(), process=None)
    return state(run)


def requeue(run: Run) -> None:
    """Make a stopped, interrupted or failed run ready to go on; `start` or `work` then runs it.

    Raises `MistakeError` when there is nothing to resume.
    """
    demo.refuse("resuming runs")
    if run.shipped:
        raise MistakeError(f"run {run.id} ships with the project and stays as it is")
    current = state(run)
    if current not in RESUMABLE:
        why = {
            "finished": "has finished; start a new one with more epochs",
            "damaged": "is damaged and cannot go on",
        }
        raise MistakeError(f"run {run.id} {why.get(current, f'is {current} already')}")
    run.experiment()
    with _failures_told(run, "resuming"):
        run.write_status(state="queued", process=None, error=None, ended=None)


def take_over(run: Run) -> None:
    """Make a run whose worker is known to be gone ready to go on, whatever its status says; a finished one stays."""
    if run.status().get("state") != "finished":
        run.write_status(state="queued", process=None, error=None, ended=None)


def give_up(run: Run, why: str, state: str = "failed") -> None:
    """Write that a run's worker is known to have ended without a word of its own."""
    run.write_status(state=state, error=why or None, ended=now(), process=None)


def work(
    run: Run,
    report: Report = lambda stage, done, total, note: None,
    *,
    held: Device | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> str:
    """Run a queued job in this process to its end, and return its state: `finished` or `stopped`.

    SIGTERM, Ctrl-C and a true `stop()` end it cleanly. It waits in line for its device, unless something else holds
    one for it: `held`. Of several processes that torchrun started this is the first one's part: it waits for a GPU for
    each, and the others are in `aecore.assisting`. Failures are written into the run, then raised as `AecoreError`. A
    run that is not queued is left as it is: `MistakeError`.
    """
    try:
        writer = filelock.FileLock(run.file(LOCK), timeout=WRITER_WAIT_S).acquire()
    except filelock.Timeout:
        raise MistakeError(f"run {run.id} is being worked on by another process") from None
    with writer, heartbeat(run.file(LOCK)):
        recorded = run.status().get("state")
        if recorded != "queued":  # stopped before this worker was there, or finished by another
            raise MistakeError(f"run {run.id} is {recorded}, not queued")
        return _work(run, report, held, stop)


def _work(run: Run, report: Report, held: Device | None, stop: Callable[[], bool]) -> str:
    # In this order: the signal that tells of another process's end must not cut off what is written about it.
    with _stop_flag() as flag, _failures_told(run, f"writing to {run.path}"):

        def stopped() -> bool:
            return flag.is_set() or stop()

        here = place()
        status = run.write_status(state="queued", process=slots.this_process(), error=None)
        wanted = str(status.get("requested_device", "auto"))

        def waiting(position: int, family: str) -> None:
            report("waiting", 0, 0, f"{position}. in line for {family}")

        if held:
            holding = contextlib.nullcontext([held])
        else:
            holding = slots.for_processes(root_of(run), wanted, here.local_world, run.id, stopped, waiting)
        with holding as devices:
            if devices:
                from aecore.training.together import gathered  # torch, only now
                from aecore.training.worker import train_run

                with gathered(here, run.path, devices, stopped) as others:
                    if others:
                        return train_run(run, devices[0], stopped, report, others)
            run.write_status(state="stopped", ended=now(), process=None)
            return "stopped"


@contextlib.contextmanager
def heartbeat(lock: Path) -> Iterator[None]:
    """Touch the lock file from time to time, for those who see the store from another machine."""
    over = threading.Event()

    def beat() -> None:
        while True:
            with contextlib.suppress(OSError):
                os.utime(lock)
            if over.wait(BEAT_S):
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def root_of(run: Run) -> Path:
    """The store a run lies in, or the default one for a run that lies elsewhere."""
    shelf = run.path.parent
    return shelf.parent if shelf.name in ("runs", "gallery") else Store.default().root


@contextlib.contextmanager
def _stop_flag() -> Iterator[threading.Event]:
    """An event that SIGTERM and the first Ctrl-C set; a second Ctrl-C ends the process at once."""
    flag = threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        if flag.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        flag.set()

    if threading.current_thread() is not threading.main_thread():
        yield flag  # signals belong to the main thread
        return
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _failures_told(run: Run, doing: str) -> Iterator[None]:
    """Write what went wrong into the run in one line and raise it as `AecoreError`; nothing saved is lost."""
    try:
        yield
    except Exception as error:
        line = line_for(error, doing)
        with contextlib.suppress(OSError):  # on a full disk even this may fail: the dead process tells then
            run.write_status(state="failed", error=line, ended=now(), process=None)
        if place().world > 1:
            from aecore.training.together import leave_word

            leave_word(line)
        if isinstance(error, AecoreError):
            raise
        if not isinstance(error, OSError | MemoryError):
            traceback.print_exc()
        raise AecoreError(line) from error


def line_for(error: Exception, doing: str) -> str:
    """One line for whatever went wrong while `doing` something."""
    if isinstance(error, AecoreError):
        return str(error)
    if isinstance(error, OSError):
        return describe_os_error(error, doing)
    text = str(error).strip().splitlines()[0] if str(error).strip() else ""
    if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return "out of memory: choose a smaller training.batch_size or narrower layers"
    return f"{type(error).__name__}: {text}"


def _age_s(stamp: object) -> float:
    try:
        return time.time() - datetime.fromisoformat(str(stamp)).timestamp()
    except ValueError:
        return float("inf")
