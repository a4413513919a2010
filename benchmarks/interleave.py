"""A training loop in its own process that pauses between epochs, so that several loops can alternate.

In a single process they would not be representative: a framework's threads make the OpenMP runtime count more threads
than there are cores, and it then puts every loop's threads to sleep between operations, which makes small batches two
to three times slower.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection
from typing import Any

Tell = Callable[[float], None]
"""Called with the loss of an epoch; returns when the next one may start."""


def in_turns(train: Callable[..., object], *arguments: Any) -> Generator[float, None, None]:
    """The losses of `train(tell, *arguments)`, each epoch run on demand; the process ends with the iterator.

    Raises `RuntimeError` with the error of a failed training.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([train.__module__])  # PyTorch is imported once for all, before any thread starts
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
        raise RuntimeError(f"{train.__name__} exited unexpectedly") from None
    finally:
        process.kill()
        process.join()


def _work(parent: Connection, train: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    def wait() -> None:
        try:
            parent.recv()
        except EOFError:
            os._exit(0)  # the parent is gone

    def tell(loss: float) -> None:
        parent.send(loss)
        wait()

    # Otherwise the loaders' workers would start like this process and import everything again at every epoch.
    multiprocessing.set_start_method(None, force=True)
    wait()
    try:
        train(tell, *arguments)
    except Exception as error:
        parent.send(f"{train.__name__}: {type(error).__name__}: {error}")
