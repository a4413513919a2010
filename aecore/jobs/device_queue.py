"""One run at a time on a device: a queue that needs no server.

A waiting worker has a ticket, a small file whose name holds its position in the queue. The first one takes the device
by locking that device's file, or as many devices as it needs, all of them or none. The operating system releases the
lock when the process ends, however it ends, and a ticket whose process is gone does not count: neither can leak.
"""

from __future__ import annotations

import contextlib
import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import filelock

from aecore.devices import Device, choose_for
from aecore.files import MB, atomic_write, parse_json, read_regular
from aecore.runs.process import is_alive, this_process

POLL_S = 0.2
TORN_S = 60
"""How long a ticket that cannot be read counts as one that is being written."""


@contextlib.contextmanager
def hold(
    root: Path,
    devices: Sequence[Device],
    run_id: str,
    stop: Callable[[], bool],
    on_wait: Callable[[int], None] = lambda position: None,
    count: int = 1,
) -> Iterator[list[Device]]:
    """Wait for `count` of `devices` and hold them inside the block, all at once; none when `stop()` turned true first.

    `on_wait` is called with the position in the queue, 1 being next, whenever it changes.
    """
    folder = _folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    family = devices[0].family
    ticket = folder / f"{family}.{time.time_ns():020d}.{run_id}.ticket"
    atomic_write(ticket, json.dumps(this_process()).encode())
    reported = 0
    with contextlib.ExitStack() as held:
        try:
            while not stop():
                position = _living(folder, f"{family}.*.ticket").index(ticket) + 1
                if position == 1 and (taken := _take(folder, devices, count, held)):
                    held.enter_context(_named(folder, family, run_id))
                    ticket.unlink()
                    yield taken
                    return
                if position != reported:
                    on_wait(reported := position)
                time.sleep(POLL_S)
            yield []
        finally:
            ticket.unlink(missing_ok=True)


def for_processes(
    root: Path,
    request: str,
    processes: int,
    run_id: str,
    stop: Callable[[], bool],
    on_wait: Callable[[int, str], None] = lambda position, family: None,
) -> contextlib.AbstractContextManager[list[Device]]:
    """Wait for the devices of so many processes of one run: a GPU for each, or the CPU for all of them.

    `request` is as for `aecore.devices.choose`; `on_wait` is called with the position in the queue and the family of
    the devices. Raises `UserError` where there are too few.
    """
    chosen = choose_for(request, processes)
    family = chosen[0].family
    count = 1 if family == "cpu" else processes
    return hold(root, chosen, run_id, stop, lambda position: on_wait(position, family), count)


def _take(folder: Path, devices: Sequence[Device], count: int, held: contextlib.ExitStack) -> list[Device]:
    """`count` free devices, locked until `held` is closed; none, and nothing locked, where fewer are free."""
    with contextlib.ExitStack() as locks:
        taken = []
        for device in devices:
            lock = filelock.FileLock(folder / f"{device.name.replace(':', '-')}.lock", timeout=0)
            with contextlib.suppress(filelock.Timeout):
                locks.enter_context(lock)
                taken.append(device)
            if len(taken) == count:
                held.push(locks.pop_all())
                return taken
    return []


@contextlib.contextmanager
def _named(folder: Path, family: str, run_id: str) -> Iterator[None]:
    """A file that names the run that holds a device, for those that wait behind it."""
    holder = folder / f"{family}.{run_id}.holder"
    atomic_write(holder, json.dumps(this_process()).encode())
    try:
        yield
    finally:
        holder.unlink(missing_ok=True)


def ahead(root: Path, run_id: str) -> list[str] | None:
    """The runs that hold a run's device or come before it in the queue, in order; None when it does not wait."""
    folder = _folder(root)
    tickets = list(folder.glob(f"*.{run_id}.ticket"))
    if not tickets:
        return None
    family = tickets[0].name.partition(".")[0]
    queue = _living(folder, f"{family}.*.ticket")
    before = queue[: queue.index(tickets[0])] if tickets[0] in queue else []
    holders = [
        path.name.removeprefix(f"{family}.").removesuffix(".holder") for path in _living(folder, f"{family}.*.holder")
    ]
    return holders + [path.name.split(".", 2)[2].removesuffix(".ticket") for path in before]


def _folder(root: Path) -> Path:
    """Devices belong to a machine, so machines that share a store have a queue each."""
    return root / "queue" / (platform.node() or "localhost")


def _living(folder: Path, pattern: str) -> list[Path]:
    """The files that living processes have written, the oldest ticket first; others are removed."""
    found = []
    for path in sorted(folder.glob(pattern)):
        try:
            if is_alive(parse_json(read_regular(path, MB))):
                found.append(path)
            else:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue
        except ValueError:  # they are written whole, so that one of an older version is left by a crash
            with contextlib.suppress(OSError):
                if abs(time.time() - path.stat().st_mtime) < TORN_S:
                    found.append(path)
                else:
                    path.unlink()
        except OSError:  # no file of ours
            continue
    return found
