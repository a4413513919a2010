"""Sending a run while it trains: a thread that looks at its files, so that neither a slow network nor a server that is
away is ever felt by the training."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator

from aecore.errors import AecoreError, DamagedError, UserError
from aecore.remote import own
from aecore.remote.connection import SendingError
from aecore.remote.mirror import Mirror
from aecore.remote.server import Server
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE, STOP_ASKED, run_state

EVERY_S = 0.5
LONGEST_PAUSE_S = 30
"""After a failure it waits a second, then two, four, at most so long."""
NO_PROGRESS_S, AT_MOST_S = 15, 120
"""How long the end of a run waits for what is not there yet: so long without anything arriving, and in all."""

Say = Callable[[str], None]


class Sender:
    """Sends one run to one server, from now until `finish`."""

    def __init__(self, run: Run, to: Server, say: Say) -> None:
        self.run, self.to, self.say = run, to, say
        self.stop_asked = threading.Event()
        """Set once somebody has clicked Stop on the server."""
        self.trouble = ""
        """Why not all is there; empty as long as nothing failed."""
        self._over, self._given_up, self._whole = threading.Event(), threading.Event(), threading.Event()
        self._wake = threading.Event()
        self._moved_at = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="aecore-sending", daemon=True)
        self._thread.start()

    def finish(self) -> bool:
        """Send the rest, for a bounded while, and say in one line if it was not all. Returns whether it was."""
        begun = self._moved_at = time.monotonic()
        self._over.set()
        self._wake.set()
        try:
            while self._thread.is_alive():
                now = time.monotonic()
                if now - self._moved_at > NO_PROGRESS_S or now - begun > AT_MOST_S:
                    break
                self._thread.join(0.1)
        finally:  # Ctrl-C may end the wait
            self._given_up.set()
            self._wake.set()
        if not self._whole.is_set():
            why = self.trouble or f"{self.to.address} was too slow"
            self.say(
                f"run {self.run.id} was not sent to its end: {why}; nothing is lost, and this sends the rest: "
                f"python -m aecore send {self.run.id}"
            )
        return self._whole.is_set()

    def _work(self) -> None:
        mirror, pause = None, EVERY_S
        while not self._given_up.is_set():
            over = self._over.is_set()  # before the look: it then sees all that was written until `finish`
            try:
                mirror = mirror or Mirror(self.run, self.to, live=True)
                mirror.live = not over
                sent = mirror.bytes_sent
                whole = mirror.look()
                self._heard(mirror)
                if mirror.bytes_sent > sent:
                    self._moved_at = time.monotonic()
                if over and whole:
                    self._whole.set()
                    break
                pause = EVERY_S if whole else 0.0
            except Exception as error:  # whatever it is, the training goes on
                passing = self._failed(error)
                if not passing:
                    break
                pause = min(max(2 * pause, 1.0), 1.0 if over else LONGEST_PAUSE_S)
            self._wake.wait(pause)
            self._wake.clear()
        if mirror:
            mirror.close()

    def _heard(self, mirror: Mirror) -> None:
        self.trouble = ""
        if mirror.stop_asked and not self.stop_asked.is_set():
            self.stop_asked.set()
            with contextlib.suppress(OSError):
                if run_state(self.run) in ACTIVE:
                    self.run.file(STOP_ASKED).touch()

    def _failed(self, error: Exception) -> bool:
        """Say what failed, the first time; returns whether it may pass."""
        if isinstance(error, SendingError) and error.answer.get("same"):
            self._whole.set()  # the server shows this very store, and there is nothing to say
            return False
        first, passing = not self.trouble, getattr(error, "passing", not isinstance(error, UserError | DamagedError))
        self.trouble = str(error) or type(error).__name__
        if isinstance(error, SendingError) and error.code == 410:
            with contextlib.suppress(AecoreError):
                own.remember(self.run, self.to.address, gone=True)
        if first and not self._over.is_set():
            then = "it is sent as soon as that is over" if passing else "the run is kept here"
            self.say(f"{self.trouble}; the training goes on, and {then}")
        return passing


def as_warning(line: str) -> None:
    """Say a line to whoever runs a loop of their own."""
    with contextlib.suppress(Warning):  # where warnings are errors, a loop goes on all the same
        warnings.warn(f"aecore: {line}", RuntimeWarning, stacklevel=99)  # no line of the loop is to blame


def to_errors(line: str) -> None:
    """Say a line to whoever reads the output of a worker."""
    print(f"aecore: {line}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def sending(run: Run, to: Server, say: Say = to_errors) -> Iterator[Callable[[], bool]]:
    """Send the run for the time of the block, and then to its end. Yields a function that says whether somebody there
    has asked it to stop."""
    sender = Sender(run, to, say)
    try:
        yield sender.stop_asked.is_set
    finally:
        sender.finish()
