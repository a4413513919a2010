"""The devices of this machine, found without importing torch, and how they are chosen by name."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aecore.errors import UserError, nearest

REQUESTS = ("auto", "cpu", "cuda", "mps")


class Device(NamedTuple):
    """A device that one run at a time trains on: PyTorch's name for it, and the product's."""

    name: str
    title: str

    @property
    def family(self) -> str:
        return self.name.partition(":")[0]


@cache
def devices() -> tuple[Device, ...]:
    """The machine's devices, the fastest first; the CPU is always the last."""
    found = [Device(f"cuda:{i}", title) for i, title in enumerate(_nvidia())]
    if sys.platform == "darwin" and platform.machine() == "arm64":
        found.append(Device("mps", "Apple GPU"))
    return (*found, Device("cpu", f"{_processor()}, {os.cpu_count()} cores"))


def choose(request: str) -> list[Device]:
    """The devices that a request may run on: `auto` is the fastest family, `cuda` any GPU, `cuda:1` that one.

    Raises `UserError` for an unknown name or a device that this machine does not have.
    """
    request = request.strip().lower()
    request = "cuda" if request == "gpu" else request
    if request == "auto":
        request = devices()[0].family
    if request.partition(":")[0] not in REQUESTS:
        raise UserError(f"unknown device '{request}': {nearest(request, REQUESTS)}")
    chosen = [device for device in devices() if request in (device.name, device.family)]
    if not chosen:
        present = ", ".join(device.name for device in devices())
        raise UserError(f"there is no device '{request}' on this machine; it has: {present}")
    return chosen


def choose_for(request: str, processes: int) -> list[Device]:
    """The devices for so many processes of one run: a GPU for each, or the CPU for all.

    Raises `UserError` as `choose` does, and where there are too few GPUs.
    """
    chosen = choose(request)
    if processes > 1 and chosen[0].family == "mps" and request.strip().lower() == "auto":
        chosen = choose("cpu")
    family = chosen[0].family
    if processes > 1 and family == "mps":
        raise UserError("several processes cannot share an Apple GPU: start one, or choose --device cpu")
    if family == "cuda" and len(chosen) < processes:
        gpus = "1 GPU" if len(chosen) == 1 else f"{len(chosen)} GPUs"
        raise UserError(
            f"{processes} processes need a GPU each, and '{request}' is {gpus} here: "
            f"start {len(chosen)} (torchrun --nproc-per-node {len(chosen)}), or choose --device cpu"
        )
    return chosen


def _nvidia() -> list[str]:
    """Names of the visible NVIDIA GPUs, in the order in which CUDA counts them."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        query = [tool, "--query-gpu=name", "--format=csv,noheader"]
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return []
    names = [line.strip() for line in done.stdout.splitlines() if line.strip()] if not done.returncode else []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return names
    chosen = [part.strip() for part in visible.split(",") if part.strip() not in ("", "-1")]
    return [names[int(c)] if c.isdigit() and int(c) < len(names) else "NVIDIA GPU" for c in chosen if names]


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "CPU"
