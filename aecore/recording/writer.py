"""Writing what a loop logs, in a thread of its own, so that the loop does not wait for a disk."""

from __future__ import annotations

import contextlib
import threading
import warnings
from typing import Any

from aecore.errors import describe_os_error
from aecore.runs.run import METRICS, Run

EVERY_S = 0.4
"""A line is in its file after this long."""


class Writer:
    """Appends lines to metrics.jsonl and keeps the status up to date. Nothing here raises: what cannot be written yet
    is tried again, and said once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.lines: list[dict[str, Any]] = []
        self.changes: dict[str, Any] = {}
        self.changed, self.over = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.writing = threading.Lock()
        self.warned = False
        self.thread = threading.Thread(target=self._work, name="aecore-recording", daemon=True)
        self.thread.start()

    def add(self, line: dict[str, Any], **status: Any) -> None:
        """A line for metrics.jsonl, and changes of the status."""
        with self.lock:
            self.lines.append(line)
            self.changes |= status
        self.changed.set()

    def status(self, **changes: Any) -> None:
        """Changes of the status, with the next lines."""
        with self.lock:
            self.changes |= changes
        self.changed.set()

    def flush(self) -> None:
        """Write what there is now."""
        with self.writing:  # and not `lock`, for which the loop would wait
            with self.lock:
                lines, self.lines = self.lines, []
                changes, self.changes = self.changes, {}
            written = 0
            try:
                for line in lines:
                    self.run.append(METRICS, line)
                    written += 1
                if changes:
                    self.run.write_status(**changes)
            except Exception as error:  # whatever it is, the training goes on
                with self.lock:
                    self.lines = lines[written:] + self.lines
                    self.changes = changes | self.changes
                self.warn(describe_os_error(error, "recording the run") if isinstance(error, OSError) else str(error))

    def close(self) -> None:
        """End the thread and write the rest."""
        self.over.set()
        self.changed.set()
        self.thread.join(10)
        self.flush()

    def warn(self, line: str) -> None:
        """Say what went wrong, the first time."""
        if not self.warned:
            self.warned = True
            with contextlib.suppress(Warning):  # where warnings are errors, a loop goes on all the same
                warnings.warn(f"aecore: {line}; the training goes on", RuntimeWarning, stacklevel=3)

    def _work(self) -> None:
        while not self.over.is_set():
            self.changed.wait()
            self.changed.clear()
            self.flush()
            self.over.wait(EVERY_S)
