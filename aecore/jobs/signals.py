"""How SIGTERM and Ctrl-C end a job.

Python delivers signals to the main thread; in any other thread nothing here has an effect.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


def _interrupt() -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def stop_flag(on_second_interrupt: Callable[[], object] = _interrupt) -> Iterator[threading.Event]:
    """An event that SIGTERM and the first Ctrl-C set; a second Ctrl-C calls `on_second_interrupt`."""
    flag = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if flag.is_set() and number == signal.SIGINT:
            on_second_interrupt()
        flag.set()

    with _handled(on_signal, signal.SIGTERM, signal.SIGINT):
        yield flag


@contextlib.contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """SIGTERM raises `SystemExit` inside the block, so that it cleans up as after Ctrl-C."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    with _handled(on_signal, signal.SIGTERM):
        yield


def ignore_stop_signals() -> None:
    """Ignore SIGTERM and Ctrl-C for the rest of the process."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _handled(handler: Callable[[int, FrameType | None], None], *numbers: signal.Signals) -> Iterator[None]:
    """Handle these signals inside the block and restore the handlers before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
