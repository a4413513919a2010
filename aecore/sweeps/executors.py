"""Executors of a sweep's runs; here the one for this machine: worker processes that queue for devices like all runs.

An executor has free slots, is given runs and returns those that have ended. Another one: `ray_executor`.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Protocol

from aecore import jobs
from aecore.devices import choose
from aecore.errors import AecoreError
from aecore.jobs.detach import aecore_process
from aecore.runs.run import LOG, Run
from aecore.runs.state import run_state

Ended = tuple[Run, str]
"""A run and the state it was left in."""


class Executor(Protocol):
    """Where the runs of a sweep are executed."""

    name: str

    def free_slots(self) -> int:
        """How many more runs it can start now."""
        ...

    def start(self, run: Run) -> None:
        """Execute a queued run."""
        ...

    def collect(self, timeout_s: float) -> list[Ended]:
        """The runs that have ended since the last call, after waiting at most so long for the first."""
        ...

    def stop(self) -> None:
        """Stop the active runs cleanly; `collect` returns them as well."""
        ...

    def close(self) -> None:
        """Release all resources."""
        ...


class LocalExecutor:
    """As many worker processes as there are devices; each imports torch once for all its runs."""

    name = "local"

    def __init__(self, device: str) -> None:
        """Raises `UserError` for a device that is not there."""
        self.waiting: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self.active = 0
        self.workers = [_Worker(self.waiting, self.done) for _ in choose(device)]

    def free_slots(self) -> int:
        return len(self.workers) - self.active

    def start(self, run: Run) -> None:
        self.active += 1
        self.waiting.put(run)

    def collect(self, timeout_s: float) -> list[Ended]:
        try:
            found = [self.done.get(timeout=timeout_s)]
        except queue.Empty:
            return []
        self.active -= 1
        return found

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()

    def close(self) -> None:
        for _ in self.workers:
            self.waiting.put(None)
        for worker in self.workers:
            worker.join()


class _Worker(threading.Thread):
    """The thread that gives runs to one worker process and restarts it when it dies."""

    def __init__(self, waiting: queue.SimpleQueue[Run | None], done: queue.SimpleQueue[Ended]) -> None:
        super().__init__(daemon=True)
        self.waiting, self.done = waiting, done
        self.process: subprocess.Popen[str] | None = None
        self.stopping = False
        self.start()

    def run(self) -> None:
        while (run := self.waiting.get()) is not None:
            self.done.put((run, self._execute(run)))
        if self.process is not None:
            self.process.communicate()  # the end of its input ends the process

    def stop(self) -> None:
        self.stopping = True
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def _execute(self, run: Run) -> str:
        if self.stopping:
            return run_state(run)
        try:
            if self.process is None or self.process.poll() is not None:
                self.process = aecore_process(["work-many"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(f"{run.path}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
            return json.loads(answer) if answer else run_state(run)
        except (OSError, ValueError):
            return run_state(run)  # the worker has died


def work_many() -> None:
    """Work on the queued runs whose directories are named on standard input, one a line, and answer each with its state
    as JSON. A run's output goes to its log, as if it had a process of its own."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    own_stderr = os.dup(sys.stderr.fileno())
    for line in sys.stdin:
        found = Run(Path(line.rstrip("\n")))
        with found.file(LOG).open("ab") as log:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(log.fileno(), stream.fileno())
        try:
            state = jobs.work(found)
        except AecoreError as error:
            print(error, file=sys.stderr)
            state = run_state(found)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(own_stderr, stream.fileno())
        print(json.dumps(state), file=answers, flush=True)
