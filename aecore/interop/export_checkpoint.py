"""Exporting a run's weights as a PyTorch checkpoint, under our names, those of the file it came from, or any others."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.format import count
from aecore.inference import load_model
from aecore.interop.layouts import LAYOUTS
from aecore.interop.read_checkpoint import read_kept
from aecore.runs.run import IMPORTED, Run

HOW = (
    "give 'own', 'file' for an imported run, 'fc' (fc1, fc2, …), 'cnn' (encoder.cnn.0, …), or one name a layer with "
    "commas between, such as fc1,fc2,fc3,fc4"
)


def export_pth(run: Run, file: Path | IO[bytes], names: str = "") -> None:
    """Write a state dict with `torch.save`, in the order of the layers: an `nn.Module` with the same layers loads it
    without this project, with `strict=True` where `names` are those of its modules.

    `names` is `own` (those of weights.safetensors), `file` (an imported file as it was), one of
    `aecore.interop.layouts.LAYOUTS`, or a list with commas, one name for each layer and normalisation in order, of a
    VAE mean and then log-variance. Empty is `file` for imported runs and else `own`. Raises `DamagedError` for a run
    without weights, `UserError` for names that do not fit.
    """
    if run.experiment().model.external:
        raise UserError(f"run {run.id} was trained in another program's loop, its network kept as ONNX: take --to onnx")
    if not names:
        names = "file" if run.file(IMPORTED).is_file() else "own"
    if names == "file":
        if not run.file(IMPORTED).is_file():
            raise UserError(f"run {run.id} was not imported, or before files were kept; {HOW}")
        run.check(IMPORTED)
        weights: dict[str, Tensor] = dict(read_kept(run.file(IMPORTED)).file)
    else:
        model = load_model(run)
        weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
        if names in LAYOUTS:
            weights = _renamed(weights, list(LAYOUTS[names](model.plan).values()))
        elif names != "own":
            weights = _renamed(weights, [name.strip() for name in names.split(",")])
    try:
        torch.save(weights, file)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError for a missing folder
        if isinstance(error, OSError):
            raise AecoreError(describe_os_error(error, f"exporting run {run.id}")) from None
        raise AecoreError(f"run {run.id} could not be exported: {str(error).splitlines()[0]}") from None


def _renamed(weights: dict[str, Tensor], names: list[str]) -> dict[str, Tensor]:
    ours = list(dict.fromkeys(name.rpartition(".")[0] for name in weights))
    if len(names) != len(ours) or len(set(names)) != len(names) or not all(names):
        raise UserError(
            f"--names has {count(len(set(filter(None, names))), 'name')}, and the model {len(ours)} "
            f"({', '.join(ours)}); {HOW}"
        )
    theirs = dict(zip(ours, names, strict=True))
    renamed = {}
    for name, tensor in weights.items():
        home, _, part = name.rpartition(".")
        renamed[f"{theirs[home]}.{part}"] = tensor
    return renamed


def pth_bytes(run: Run, names: str = "") -> bytes:
    """The same as bytes."""
    buffer: Any = io.BytesIO()
    export_pth(run, buffer, names)
    return buffer.getvalue()
