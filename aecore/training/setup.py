"""Setting the process up for training on a device."""

from __future__ import annotations

import os
import platform

import numpy as np
import torch

from aecore import __version__
from aecore.config.experiment import Experiment
from aecore.devices import Device
from aecore.errors import AecoreError
from aecore.models.fast_paths import keep_freed_memory


def set_up(device: Device, experiment: Experiment) -> torch.device:
    """Set the process up to train on a device and return it. Raises `AecoreError` when PyTorch cannot use it."""
    torch_device = _try_device(device)
    if experiment.training.deterministic:
        _make_repeatable(torch_device)
    else:
        choose_kernels(torch_device)
    if torch_device.type == "cpu":
        keep_freed_memory()
    return torch_device


def choose_kernels(device: torch.device) -> None:
    """Let cuDNN time its algorithms for a convolution and take the fastest, for the rest of the process; by default it
    goes by a rule. Does nothing on other devices."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True


def _try_device(device: Device) -> torch.device:
    """The torch device, after a first allocation on it. Raises `AecoreError` when PyTorch cannot use it."""
    try:
        chosen = torch.device(device.name)
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        why = str(error).strip().splitlines()[0]
        raise AecoreError(f"PyTorch cannot use {device.name} ({device.title}): {why}; try the CPU") from None
    return chosen


def _make_repeatable(device: torch.device) -> None:
    """Make the same seed give the same bits on this device, for the rest of the process. A CPU does so anyway."""
    if device.type != "cuda":
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read at the first matrix product
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def versions() -> dict[str, str]:
    """Versions of the packages and the system, as status.json records them."""
    return {
        "aecore": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }
