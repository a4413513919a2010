"""Several processes that train one run, each on its own rows of every batch (torchrun).

The first process has the run: it holds the devices, writes, evaluates and speaks. The others follow what it tells. All
of them draw the order of the images and the whole batch's noise from the same generators, so that a run's state is the
same in each, whatever their number, and any number can go on with it. Their network is wrapped in torch's
DistributedDataParallel, which averages the gradients.

Numbers and words go between the processes' CPUs (gloo), gradients between their GPUs (NCCL) where they have some.
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

LONG = timedelta(days=20)
"""How long one waits for the others: the first may stand in line, download and evaluate."""
FOUND_WITHIN = timedelta(minutes=5)
WORD_S = 1.0
"""Within an epoch the first process tells the others so often whether to stop."""
POLL_S = 0.05
RUN, HERE, GO, FAILED = "run", "here", "go", "failed"


class LostError(AecoreError):
    """Another process of the run is gone; `told` where it could say why."""

    def __init__(self, why: str) -> None:
        super().__init__(why or "another process of the run has ended without a word; resume the run to go on")
        self.told = bool(why)


@dataclass(frozen=True)
class Group:
    """What a process knows of the others. Alone, everything here does nothing."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that has the run."""
        return self.rank == 0

    def part(self, count: int) -> BatchShard | None:
        """This process's rows of a batch of `count`; None for all of them."""
        return shard_of(count, self.rank, self.world) if self.world > 1 else None

    def wrapped(self, module: nn.Module, device: torch.device) -> nn.Module:
        """The module with gradients that are the average over all processes."""
        if self.world == 1:
            return module
        return DistributedDataParallel(module, device_ids=None if device.type == "cpu" else [device.index or 0])

    def total(self, values: Tensor) -> Any:
        """The sum over all processes, as floats in lists; the same bits in each of them."""
        if self.world == 1:
            return values.tolist()
        summed = values.double().cpu()
        dist.all_reduce(summed)
        dist.broadcast(summed, 0)
        return summed.tolist()

    def tell(self, value: Any = None) -> Any:
        """What the first process says, anything that JSON can hold; what the others say is not heard."""
        if self.world == 1:
            return value
        text = torch.tensor(list(json.dumps(value if self.first else None).encode()), dtype=torch.uint8)
        size = torch.tensor([len(text)])
        dist.broadcast(size, 0)
        text = text if self.first else torch.empty(int(size), dtype=torch.uint8)
        dist.broadcast(text, 0)
        return json.loads(bytes(text.tolist()))

    def agreed(self, stop: Callable[[], bool] = lambda: False) -> Callable[[], bool]:
        """A function to ask before every step whether to stop, with one answer for all: the first process's.

        They speak of it about once a second, for that costs more than a small step.
        """
        if self.world == 1:
            return stop
        every, left, since = 1, 0, time.monotonic()

        def asked() -> bool:
            nonlocal every, left, since
            left -= 1
            if left > 0:
                return False
            took, since = time.monotonic() - since, time.monotonic()
            fits = int(every * WORD_S / max(took, 1e-6))
            answer, every = self.tell([stop(), min(max(fits, 1), 2 * every)])
            left = every
            return answer

        return asked


SINGLE_PROCESS = Group()


class Joined(NamedTuple):
    """The others, and the device that is this process's own."""

    others: Group
    device: Device


@contextlib.contextmanager
def gathered(here: Rank, path: Path, devices: list[Device], stop: Callable[[], bool]) -> Iterator[Group | None]:
    """The first process's way in: call the others to the run at `path`, and be together inside the block.

    None when `stop()` came true before all were there. Raises `AecoreError` when one of them cannot take part.
    """
    if here.world == 1:
        yield SINGLE_PROCESS
        return
    store = _store()
    share_devices(here, devices)
    store.set(RUN, str(path))
    # Not a wait of the library's own: a signal would be heard after it only.
    while not stop() and store.add(HERE, 0) < here.world - 1:
        if store.check([FAILED]):
            raise LostError(store.get(FAILED).decode())
        time.sleep(POLL_S)
    if stop():
        yield None
        return
    store.set(GO, "yes")
    with _in_a_group(here, devices) as together:
        yield together


def called() -> Path | None:
    """The others' way in: wait for the run they are to help with; None where there is none after all."""
    named = _heard(RUN)
    return Path(named) if named else None


@contextlib.contextmanager
def joined(here: Rank) -> Iterator[Joined | None]:
    """Be together with the first process inside the block, with a device; None where it changed its mind."""
    devices = [Device(*entry) for entry in json.loads(_heard(_devices_of(here)))]
    _store().add(HERE, 1)
    if not _heard(GO):
        yield None
        return
    with _in_a_group(here, devices) as together:
        yield Joined(together, devices[here.local_rank % len(devices)])


def share_devices(here: Rank, devices: list[Device]) -> None:
    """Tell the processes of this machine which devices are held for them: one each, or one for all."""
    _store().set(_devices_of(here), json.dumps(devices))


def dismiss() -> None:
    """Tell whoever still waits that there is no run to help with."""
    with contextlib.suppress(RuntimeError):
        for key in (RUN, GO):
            _store().compare_set(key, "", "-")


def report_failure(why: str) -> None:
    """Let the other processes know why this one ends; the first such word counts."""
    with contextlib.suppress(RuntimeError):
        _store().compare_set(FAILED, "", why)


@contextlib.contextmanager
def _in_a_group(here: Rank, devices: list[Device]) -> Iterator[Group]:
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
            timeout=LONG,
        )
        yield Group(here.rank, here.world)
    except RuntimeError as error:
        if not _is_lost(error):
            raise
        raise LostError(_last_word()) from None
    # Only after a good end: with a process gone, NCCL would wait here for it.
    dist.destroy_process_group()


def _is_lost(error: RuntimeError) -> bool:
    """Whether it says that another process does not answer."""
    text = str(error).lower()
    return isinstance(error, dist.DistError) or "gloo" in text or "connection closed" in text or "nccl" in text


def _last_word() -> str:
    try:
        return _store().get(FAILED).decode() if _store().check([FAILED]) else ""
    except RuntimeError:  # torchrun itself is gone
        return ""


@cache
def _store() -> Any:
    """Where the processes leave each other notes, a `torch.distributed.Store`; torchrun serves it."""
    # Not at the top: some builds of torch have no distributed part, and one process needs none.
    from torch.distributed import PrefixStore  # pyright: ignore[reportPrivateImportUsage]
    from torch.distributed.rendezvous import rendezvous

    store, _, _ = next(iter(rendezvous("env://", timeout=FOUND_WITHIN)))
    store.set_timeout(LONG)
    # torchrun may serve the same store again after it has started the processes anew.
    return PrefixStore(f"aecore/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)


def _heard(key: str) -> str:
    """A note as soon as it is there; empty where it says no."""
    said = _store().get(key).decode()
    return "" if said == "-" else said


def _devices_of(here: Rank) -> str:
    return f"devices/{here.node}"
