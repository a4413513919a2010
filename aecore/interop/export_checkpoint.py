"""Exporting a run's weights as a PyTorch checkpoint."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO

import torch

from aecore.errors import AecoreError, describe_os_error
from aecore.inference import load_model
from aecore.runs.store import Run


def export_pth(run: Run, file: Path | IO[bytes]) -> None:
    """Write the state dict with `torch.save`, with the names of weights.safetensors in the order of the layers: an
    `nn.Module` with the same layers loads it without this project.

    Raises `DamagedError` for a run without weights.
    """
    weights = {name: tensor.contiguous() for name, tensor in load_model(run).state_dict().items()}
    try:
        torch.save(weights, file)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError for a missing folder
        if isinstance(error, OSError):
            raise AecoreError(describe_os_error(error, f"exporting run {run.id}")) from None
        raise AecoreError(f"run {run.id} could not be exported: {str(error).splitlines()[0]}") from None


def pth_bytes(run: Run) -> bytes:
    """The same as bytes."""
    buffer = io.BytesIO()
    export_pth(run, buffer)
    return buffer.getvalue()
