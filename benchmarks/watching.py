"""The server's cost of people watching a run: Streamlit sessions as a browser opens them, without the browser."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from aecore.presets import preset
from aecore.runs.process import this_process
from aecore.runs.run import EXPERIMENT, METRICS, SNAPSHOTS, Run
from aecore.runs.store import Store
from benchmarks.probing import Row, UnmeasuredError, attempt
from benchmarks.stores import course
from tools.browser import ROOT, server

PANEL = ROOT / "checkpoints" / "gallery" / "mnist-mlp8" / SNAPSHOTS
PACE_S = 1.0
EPOCHS = 2_000
TICKS_WITHIN_S = 30
WARM_S = 4.0
OPENED_S = 0.3
"""The delay between opening two sessions."""


def rows(folder: Path, sessions: tuple[int, ...], seconds: float) -> list[Row]:
    """One row without sessions, and one for each number of sessions that watch the same run."""
    found: list[Row] = []
    with going_on(Store(folder)) as run:
        for count in sessions:
            name = f"{count} watching" if count > 1 else "one watching"
            found.append({"name": name, "sessions": count} | attempt(lambda count=count: watched(run, count, seconds)))
    return found


@contextlib.contextmanager
def going_on(store: Store) -> Iterator[Run]:
    """A run in the store that finishes an epoch per second and saves its panel each time, like a worker."""
    run = Run(store.root / "runs" / "live-20250106-090000")
    run.path.mkdir(parents=True)
    experiment = preset("mnist-mlp8").experiment.changed({"training.epochs": EPOCHS})
    run.write_json(EXPERIMENT, experiment.model_dump(mode="json"))
    lines = list(course(EPOCHS, np.random.default_rng(7)).lines())
    over = threading.Event()
    panel = PANEL.read_bytes() if PANEL.is_file() else b""

    def epoch(i: int) -> None:
        run.append(METRICS, lines[i])
        if panel:
            fresh = run.file(f".{SNAPSHOTS}")
            fresh.write_bytes(panel)
            shutil.move(fresh, run.file(SNAPSHOTS))
        run.write_status(state="running", epoch=i + 1, process=this_process(), code_size=8, parameters=622_504)

    def work() -> None:
        done = 20
        while not over.wait(PACE_S) and done < EPOCHS:
            epoch(done)
            done += 1

    for i in range(20):
        epoch(i)
    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield run
    finally:
        over.set()
        worker.join()


def watched(run: Run, count: int, seconds: float) -> Row:
    """Processor time and memory of a separate server while `count` sessions watch."""
    store = run.path.parent.parent
    with server({"AECORE_STORE": str(store)}, store / "server.log") as address:
        process = psutil.Process().children()[-1]
        heard = Heard()
        over = threading.Event()
        # One session comes first, so that what the server loads once is not counted.
        first = _started(address, run.id, 1, heard, over)
        time.sleep(WARM_S)
        before = process.memory_info().rss
        others = _started(address, run.id, count - 1, heard, over)
        time.sleep(WARM_S + OPENED_S * count)
        begun, spent, received = time.monotonic(), _spent(process), heard.received
        time.sleep(seconds)
        passed = time.monotonic() - begun
        used, sent = _spent(process) - spent, heard.received - received
        while heard.ticks < count and not heard.failed and time.monotonic() - begun < seconds + TICKS_WITHIN_S:
            time.sleep(0.05)  # a busy machine: that the page ticks at all is seen later
        after = process.memory_info().rss
        over.set()
        for thread in (first, others):
            thread.join()
    if heard.failed:
        raise UnmeasuredError(heard.failed)
    if heard.ticks < count:
        raise UnmeasuredError("the page does not tick")
    each = (after - before) / 1e6 / (count - 1) if count > 1 else None
    return {"cpu": 100 * used / passed, "memory": each, "sent": sent / 1000 / passed / count}


class Heard:
    """Bytes received by all sessions."""

    def __init__(self) -> None:
        self.received = 0
        self.ticks = 0
        self.failed = ""


def _started(address: str, run: str, count: int, heard: Heard, over: threading.Event) -> threading.Thread:
    async def all_sessions() -> None:
        async with asyncio.TaskGroup() as group:
            for i in range(count):
                group.create_task(_session(address, run, i * OPENED_S, heard, over))

    def work() -> None:
        try:
            asyncio.run(all_sessions())
        except BaseExceptionGroup as error:
            heard.failed = f"a session failed: {error.exceptions[0]}"

    thread = threading.Thread(target=work)
    thread.start()
    return thread


async def _session(address: str, run: str, after_s: float, heard: Heard, over: threading.Event) -> None:
    """Open the page and respond as Streamlit's own script does: rerun fragments at their interval."""
    await asyncio.sleep(after_s)
    stream = f"ws{address.removeprefix('http')}/_stcore/stream"
    kept: set[str] = set()
    async with connect(stream, subprotocols=["streamlit"], max_size=None, compression=None) as socket:  # type: ignore[list-item]
        script = await _ask(socket, run, "", "", kept)
        ticking: dict[str, asyncio.Task[None]] = {}
        while not over.is_set():
            try:
                data = await asyncio.wait_for(socket.recv(), 0.5)
            except TimeoutError:
                continue
            heard.received += len(data)
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            kind = message.WhichOneof("type")
            if message.metadata.cacheable:
                kept.add(message.hash)
            if kind == "new_session" and message.new_session.page_script_hash:
                script = message.new_session.page_script_hash
            elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
                raise RuntimeError(message.delta.new_element.exception.message)
            elif kind == "auto_rerun":
                rerun = message.auto_rerun
                if rerun.fragment_id in ticking:
                    ticking[rerun.fragment_id].cancel()
                ticking[rerun.fragment_id] = asyncio.create_task(
                    _tick(socket, run, script, rerun.fragment_id, rerun.interval, kept, heard)
                )
        for task in ticking.values():
            task.cancel()


async def _tick(
    socket: ClientConnection, run: str, script: str, fragment: str, every_s: float, kept: set[str], heard: Heard
) -> None:
    while True:
        await asyncio.sleep(every_s)
        heard.ticks += 1
        await _ask(socket, run, script, fragment, kept)


async def _ask(socket: ClientConnection, run: str, script: str, fragment: str, kept: set[str]) -> str:
    message = BackMsg()
    asked = message.rerun_script
    asked.query_string, asked.page_script_hash = f"run={run}", script
    if script:
        asked.fragment_id, asked.is_auto_rerun = fragment, True
        asked.cached_message_hashes.extend(kept)
    else:
        asked.page_name = "train"
    await socket.send(message.SerializeToString())
    return script


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
