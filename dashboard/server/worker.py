"""PyTorch in processes beside the server: it stays small and quick, and after its visitors the memory is given back.

One worker answers what takes a moment, another what takes seconds, so that nobody waits behind a search of a whole test
set. Each starts when it is first asked, and ends when it has not been asked for a while and no page is open.
"""

from __future__ import annotations

import threading
from typing import Any

import streamlit as st

from aecore.compute.worker import Report, Worker, function

KEPT_S = 240
"""How long a worker stays without being asked, once no page is open."""
QUICK, THOROUGH = Worker(), Worker()
_server = threading.Event()


def in_worker(name: str, *arguments: Any, thorough: bool = False, report: Report | None = None, **options: Any) -> Any:
    """Call the function `module:name`, with PyTorch: in a process of its own in a server, else here."""
    if not _server.is_set():
        return function(name)(*arguments, **options, **({"report": report} if report else {}))
    worker = THOROUGH if thorough else QUICK
    if worker.running or thorough:
        return worker.call(name, arguments, options, report)
    with st.spinner("Opening the model…"):
        return worker.call(name, arguments, options, report)


def use_workers() -> None:
    """This process is a server."""
    _server.set()


def end_idle_workers(open_pages: int) -> None:
    """To be called now and then."""
    if not open_pages:
        for worker in (QUICK, THOROUGH):
            worker.end_if_idle(KEPT_S)
