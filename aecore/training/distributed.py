"""One run trained by several processes, each on its own rows of every batch (torchrun).

Rank 0 has the run: it holds the devices, writes, evaluates and reports. The other ranks follow what it broadcasts. All
of them draw the order of the images and the whole batch's noise from the same generators, so that the state of a run is
the same in each, whatever their number, and any number of processes can resume it. Their network is wrapped in torch's
DistributedDataParallel, which averages the gradients.

Before the process group exists, the processes exchange notes through torchrun's key–value store. In the group, numbers
and JSON go between CPUs (gloo), gradients between GPUs (NCCL) where there are some.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from aecore.data.shard import BatchShard, shard_of
from aecore.devices import Device
from aecore.errors import AecoreError
from aecore.training.rank import Rank

PEER_TIMEOUT = timedelta(days=20)
"""How long one process waits for another: rank 0 may wait in the queue, download and evaluate meanwhile."""
RENDEZVOUS_TIMEOUT = timedelta(minutes=5)
STOP_CHECK_S = 1.0
"""How often the processes agree within an epoch whether to stop."""
POLL_S = 0.05
RUN_KEY, JOINED_KEY, GO_KEY, FAILURE_KEY = "run", "here", "go", "failed"
"""Keys of the store: the path of the run, how many ranks have joined, whether to begin, why a process failed."""
NOTHING = "-"
"""The note that there is nothing to do after all."""


class PeerLostError(AecoreError):
    """Another process of the run is gone; `reported` where it could say why."""

    def __init__(self, why: str) -> None:
        super().__init__(why or "another process of the run has ended unexpectedly; resume the run to continue")
        self.reported = bool(why)


@dataclass(frozen=True)
class Group:
    """The processes that train one run, seen from one of them. With a world of one every method does nothing."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is rank 0, which has the run."""
        return self.rank == 0

    def shard(self, count: int) -> BatchShard | None:
        """This process's rows of a batch of `count`; None for all of them."""
        return shard_of(count, self.rank, self.world) if self.world > 1 else None

    def wrap(self, module: nn.Module, device: torch.device) -> nn.Module:
        """The module with gradients that are averaged over all processes."""
        if self.world == 1:
            return module
        return DistributedDataParallel(module, device_ids=None if device.type == "cpu" else [device.index or 0])

    def sum(self, values: Tensor) -> Any:
        """The sum over all processes, as floats in lists; the same bits in each of them."""
        if self.world == 1:
            return values.tolist()
        summed = values.double().cpu()
        dist.all_reduce(summed)
        dist.broadcast(summed, 0)
        return summed.tolist()

    def broadcast(self, value: Any = None) -> Any:
        """Rank 0's `value` in every process: anything that JSON can hold. What the others pass is ignored."""
        if self.world == 1:
            return value
        text = torch.tensor(list(json.dumps(value if self.first else None).encode()), dtype=torch.uint8)
        size = torch.tensor([len(text)])
        dist.broadcast(size, 0)
        text = text if self.first else torch.empty(int(size), dtype=torch.uint8)
        dist.broadcast(text, 0)
        return json.loads(bytes(text.tolist()))

    def agree_on_stop(self, stop: Callable[[], bool] = lambda: False) -> Callable[[], bool]:
        """A function that says before every step whether to stop, with the same answer in all processes: rank 0's.

        They communicate about once a second, as that costs more than a small step.
        """
        if self.world == 1:
            return stop
        every, left, since = 1, 0, time.monotonic()

        def agreed() -> bool:
            nonlocal every, left, since
            left -= 1
            if left > 0:
                return False
            took, since = time.monotonic() - since, time.monotonic()
            fits = int(every * STOP_CHECK_S / max(took, 1e-6))
            answer, every = self.broadcast([stop(), min(max(fits, 1), 2 * every)])
            left = every
            return answer

        return agreed


SINGLE_PROCESS = Group()


class Membership(NamedTuple):
    """The group that a process has joined, and the device that it trains on."""

    group: Group
    device: Device


@contextlib.contextmanager
def form_group(here: Rank, path: Path, devices: list[Device], stop: Callable[[], bool]) -> Iterator[Group | None]:
    """For rank 0: call the other ranks to the run at `path`; the group exists inside the block.

    None when `stop()` turned true before all had joined. Raises `AecoreError` when one of them cannot take part.
    """
    if here.world == 1:
        yield SINGLE_PROCESS
        return
    store = _store()
    share_devices(here, devices)
    store.set(RUN_KEY, str(path))
    # Polled, as signals are not handled during the library's own wait.
    while not stop() and store.add(JOINED_KEY, 0) < here.world - 1:
        if store.check([FAILURE_KEY]):
            raise PeerLostError(store.get(FAILURE_KEY).decode())
        time.sleep(POLL_S)
    if stop():
        yield None
        return
    store.set(GO_KEY, "yes")
    with _process_group(here, devices) as group:
        yield group


def wait_for_run() -> Path | None:
    """For the other ranks: the run that rank 0 calls them to; None when there is none after all."""
    path = _wait_for_note(RUN_KEY)
    return Path(path) if path else None


@contextlib.contextmanager
def join_group(here: Rank) -> Iterator[Membership | None]:
    """For the other ranks: be in the group inside the block, with a device; None when rank 0 has stopped already."""
    devices = [Device(*entry) for entry in json.loads(_wait_for_note(_devices_key(here)))]
    _store().add(JOINED_KEY, 1)
    if not _wait_for_note(GO_KEY):
        yield None
        return
    with _process_group(here, devices) as group:
        yield Membership(group, devices[here.local_rank % len(devices)])


def share_devices(here: Rank, devices: list[Device]) -> None:
    """Tell the processes of this machine which devices are held for them: one each, or one for all."""
    _store().set(_devices_key(here), json.dumps(devices))


def dismiss() -> None:
    """Tell the ranks that still wait that there is no run to help with."""
    with contextlib.suppress(RuntimeError):
        for key in (RUN_KEY, GO_KEY):
            _store().compare_set(key, "", NOTHING)


def report_failure(why: str) -> None:
    """Let the other processes know why this one ends; the first report counts."""
    with contextlib.suppress(RuntimeError):
        _store().compare_set(FAILURE_KEY, "", why)


@contextlib.contextmanager
def _process_group(here: Rank, devices: list[Device]) -> Iterator[Group]:
    device = devices[here.local_rank % len(devices)]
    over_nccl = device.family == "cuda" and dist.is_nccl_available()
    if device.family == "cuda":
        torch.cuda.set_device(device.name)
    try:
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if over_nccl else "gloo",
            store=_store(),
            rank=here.rank,
            world_size=here.world,
            timeout=PEER_TIMEOUT,
        )
        yield Group(here.rank, here.world)
    except RuntimeError as error:
        if not _is_lost_peer(error):
            raise
        raise PeerLostError(_reported_failure()) from None
    # Only after a good end: with a process gone, NCCL would wait here for it.
    dist.destroy_process_group()


def _is_lost_peer(error: RuntimeError) -> bool:
    """Whether the error means that another process does not answer."""
    text = str(error).lower()
    return isinstance(error, dist.DistError) or "gloo" in text or "connection closed" in text or "nccl" in text


def _reported_failure() -> str:
    try:
        return _store().get(FAILURE_KEY).decode() if _store().check([FAILURE_KEY]) else ""
    except RuntimeError:  # torchrun itself is gone
        return ""


@cache
def _store() -> Any:
    """The key–value store that the processes share, a `torch.distributed.Store`; torchrun serves it."""
    # Not at the top: some builds of torch have no distributed part, and one process needs none.
    from torch.distributed import PrefixStore  # pyright: ignore[reportPrivateImportUsage]
    from torch.distributed.rendezvous import rendezvous

    store, _, _ = next(iter(rendezvous("env://", timeout=RENDEZVOUS_TIMEOUT)))
    store.set_timeout(PEER_TIMEOUT)
    # torchrun may serve the same store again after it has restarted the processes.
    return PrefixStore(f"aecore/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)


def _wait_for_note(key: str) -> str:
    """The value of a key as soon as it is set; empty where it is `NOTHING`."""
    note = _store().get(key).decode()
    return "" if note == NOTHING else note


def _devices_key(here: Rank) -> str:
    return f"devices/{here.node}"
