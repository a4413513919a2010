"""What carries a sweep's runs out on this machine: worker processes that share the queue with all other runs.

An engine has room for some runs, is given them, and tells which have ended. `aecore.sweeps.ray_executor` is another one.
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
from aecore.runs.state import run_state
from aecore.runs.store import LOG, Run

Ended = tuple[Run, str]
"""A run and the state it was left in."""


class Engine(Protocol):
    """Where runs are carried out."""

    name: str

    def room(self) -> int:
        """How many more runs can be given to it now."""
        ...

    def start(self, run: Run) -> None:
        """Carry out a queued run."""
        ...

    def ended(self, timeout_s: float) -> list[Ended]:
        """The runs that have ended since it was last asked, after waiting so long at most for the first."""
        ...

    def stop(self) -> None:
        """Have what is at work stop cleanly; it is told by `ended` all the same."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class Local:
    """As many worker processes as there are slots of the device; each imports torch once for all its runs."""

    name = "local"

    def __init__(self, device: str) -> None:
        """Raises `UserError` for a device that is not there."""
        self.waiting: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self.given = 0
        self.workers = [_Worker(self.waiting, self.done) for _ in choose(device)]

    def room(self) -> int:
        return len(self.workers) - self.given

    def start(self, run: Run) -> None:
        self.given += 1
        self.waiting.put(run)

    def ended(self, timeout_s: float) -> list[Ended]:
        try:
            found = [self.done.get(timeout=timeout_s)]
        except queue.Empty:
            return []
        self.given -= 1
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
    """Talks to one worker process, and starts another one if it dies."""

    def __init__(self, waiting: queue.SimpleQueue[Run | None], done: queue.SimpleQueue[Ended]) -> None:
        super().__init__(daemon=True)
        self.waiting, self.done = waiting, done
        self.process: subprocess.Popen[str] | None = None
        self.stopping = False
        self.start()

    def run(self) -> None:
        while (run := self.waiting.get()) is not None:
            self.done.put((run, self._carried_out(run)))
        if self.process is not None:
            self.process.communicate()  # its input ends, and so does it

    def stop(self) -> None:
        self.stopping = True
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def _carried_out(self, run: Run) -> str:
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
            return run_state(run)  # it died: what is true of the run is what counts


def work_many() -> None:
    """Work on the queued runs whose directories are named on standard input, a line each, and answer each with its
    state as JSON. What a run says goes to its log, as if it had a process of its own."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    said = os.dup(sys.stderr.fileno())
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
            os.dup2(said, stream.fileno())
        print(json.dumps(state), file=answers, flush=True)
