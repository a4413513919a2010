"""What trials on this machine have found: `ways.json` in the user's cache.

An entry is valid for one processor, version of PyTorch, number of threads and kind of work, as a network and its batch;
what is unknown or cannot be read is tried again. Losing the file costs a second a run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import filelock
import psutil
import torch

from aecore.data.place import data_root
from aecore.devices import devices
from aecore.files import MB, atomic_write, parse_json, read_regular

FORMAT = 1
MOST = 500
"""Entries; the oldest go first."""
BUSY = 0.3
"""Where others use more than this share of the processor, what a trial finds holds for its own work alone."""
LIMITS = ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE")
"""Variables that take instructions from a library."""


def path() -> Path:
    """Where the file is: beside the prepared image sets."""
    return data_root() / "ways.json"


def machine(device: torch.device) -> dict[str, Any]:
    """What a trial's result depends on, beside the work itself."""
    titles = {one.name: one.title for one in devices()}
    found = {
        "device": titles.get(str(device), torch.cuda.get_device_name(device) if device.type == "cuda" else device.type),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }
    return found | {name: os.environ[name] for name in LIMITS if name in os.environ}


class Others:
    """What other programs use of this machine's processors from now on."""

    def __init__(self) -> None:
        self.begun, self.own, self.all = time.perf_counter(), time.process_time(), self._busy()

    def share(self) -> float:
        """The share since then, from 0 to 1."""
        lasted = max(time.perf_counter() - self.begun, 1e-3) * (psutil.cpu_count() or 1)
        return (self._busy() - self.all - (time.process_time() - self.own)) / lasted

    def are_busy(self) -> bool:
        """Whether that is so much that a trial's result should not be kept."""
        return self.share() > BUSY

    @staticmethod
    def _busy() -> float:
        times = psutil.cpu_times()
        return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def name_of(here: dict[str, Any], work: dict[str, Any]) -> str:
    """The name of the entry for this work on that `machine`."""
    text = json.dumps([here, work], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def find(name: str) -> dict[str, Any] | None:
    """The entry of that name: its `way`, and the `seconds` of every way tried."""
    return entries().get(name)


def entries() -> dict[str, Any]:
    """All sound entries by name, the oldest first."""
    try:
        table = parse_json(read_regular(path(), 4 * MB))
    except (OSError, ValueError):
        return {}
    known = table.get("ways") if isinstance(table, dict) and table.get("format") == FORMAT else None
    return {name: entry for name, entry in known.items() if _is_sound(entry)} if isinstance(known, dict) else {}


def _is_sound(entry: Any) -> bool:
    if not isinstance(entry, dict) or "way" not in entry or not isinstance(entry.get("seconds"), dict):
        return False
    return all(isinstance(value, (int, float)) for value in entry["seconds"].values())


def keep(name: str, entry: dict[str, Any]) -> None:
    """Add an entry; where the cache cannot be written, nothing is kept and the next run tries again."""
    with contextlib.suppress(OSError, filelock.Timeout):
        path().parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(path().with_name(".ways.lock"), timeout=5):
            known = {one: value for one, value in entries().items() if one != name}
            known[name] = entry | {"made": round(time.time())}
            kept = dict(list(known.items())[-MOST:])
            atomic_write(path(), (json.dumps({"format": FORMAT, "ways": kept}, indent=1) + "\n").encode())
