"""The device a run trains on: tried out, and the process set up for it."""

from __future__ import annotations

import os
import platform

import numpy as np
import torch

from aecore import __version__
from aecore.config.experiment import Experiment
from aecore.devices import Device
from aecore.errors import AecoreError
from aecore.training.malloc import keep_freed_memory


def ready(device: Device, experiment: Experiment) -> torch.device:
    """The torch device, with the process set up to train on it. Raises `AecoreError` when torch cannot use it."""
    torch_device = _usable(device)
    if experiment.training.deterministic:
        _repeatable(torch_device)
    if torch_device.type == "cpu":
        keep_freed_memory()
    return torch_device


def _usable(device: Device) -> torch.device:
    """The torch device, tried out. Raises `AecoreError` when the driver is there and torch cannot use it."""
    try:
        chosen = torch.device(device.name)
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        why = str(error).strip().splitlines()[0]
        raise AecoreError(f"PyTorch cannot use {device.name} ({device.title}): {why}; try the CPU") from None
    return chosen


def _repeatable(device: torch.device) -> None:
    """Have the same seed give the same bits on this device, for the rest of the process. A CPU needs nothing for it."""
    if device.type != "cuda":
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when the device is first multiplied on
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def versions() -> dict[str, str]:
    return {
        "aecore": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }
