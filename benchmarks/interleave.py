"""A training loop in a process of its own that stands still between its epochs, so that several can take turns.

In one process they would not measure what people run: a framework's threads make the OpenMP runtime count more threads
than there are cores, and it then puts every loop's threads to sleep between two operations. Small batches take two to
three times as long by that.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection
from typing import Any

Tell = Callable[[float], None]
"""Called with the loss of an epoch; returns when the next one may begin."""


def in_turns(train: Callable[..., object], *arguments: Any) -> Generator[float, None, None]:
    """The losses of `train(tell, *arguments)`, each once it is asked for; the process ends with the iterator.

    Raises `RuntimeError` with what a training that failed said.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([train.__module__])  # PyTorch is imported once for all; no thread has begun by then
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, train, arguments))
    process.start()
    there.close()
    try:
        while True:
            here.send(None)
            found = here.recv()
            if isinstance(found, str):
                raise RuntimeError(found)
            yield found
    except (EOFError, ConnectionError):
        raise RuntimeError(f"{train.__name__} ended without a word") from None
    finally:
        process.kill()
        process.join()


def _work(parent: Connection, train: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    def wait() -> None:
        try:
            parent.recv()
        except EOFError:
            os._exit(0)  # nobody asks any more

    def tell(loss: float) -> None:
        parent.send(loss)
        wait()

    # Else the loaders' workers would start as this process did, and import everything anew at every epoch.
    multiprocessing.set_start_method(None, force=True)
    wait()
    try:
        train(tell, *arguments)
    except Exception as error:
        parent.send(f"{train.__name__}: {type(error).__name__}: {error}")
