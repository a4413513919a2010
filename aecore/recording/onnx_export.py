"""Keeping a recorded network as ONNX, checked against the network itself before it is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from aecore.errors import AecoreError
from aecore.models.external import DECODER, ENCODER
from aecore.models.onnx_export import check_packages, onnx_of
from aecore.recording.foreign import Foreign, Part


def onnx_files(foreign: Foreign, images: Tensor) -> dict[str, np.ndarray]:
    """Encoder and decoder as ONNX with any number of rows, float32, as uint8 arrays by name.

    `images` uint8 (N, C, H, W) go through both, and what comes out is compared. Raises `UserError` where the packages
    are missing, `AecoreError` where the network cannot be exported or the file computes something else.
    """
    check_packages()
    with foreign.undisturbed(), _on_the_cpu(foreign):
        inputs = foreign.network.from_bytes(images.cpu())
        codes = foreign.network.encode(inputs)
        return {
            name: _exported(Part(foreign, side), values, f"the network's {side}")
            for name, side, values in ((ENCODER, "encoder", inputs), (DECODER, "decoder", codes))
        }


def _exported(part: Part, values: Tensor, what: str) -> np.ndarray:
    part.eval()
    for owner in part.owners.modules():
        if why := getattr(owner, "cannot_be_exported", ""):
            raise AecoreError(f"{what}: {why}")
    return np.frombuffer(onnx_of(part, {"input": values}, "output", part(values), what).content, np.uint8)


@contextlib.contextmanager
def _on_the_cpu(foreign: Foreign) -> Iterator[None]:
    """The weights in float32 on the CPU inside the block; afterwards the network has its own again, untouched."""
    device, dtype, saved = foreign.device, foreign.dtype, []
    for module in foreign.modules:
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.device.type != "cpu" or (tensor.is_floating_point() and tensor.dtype != torch.float32):
                saved.append((tensor, tensor.data))
                tensor.data = tensor.data.to("cpu", torch.float32 if tensor.is_floating_point() else tensor.dtype)
    foreign.device, foreign.dtype = torch.device("cpu"), torch.float32
    try:
        yield
    finally:
        for tensor, data in reversed(saved):
            tensor.data = data
        foreign.device, foreign.dtype = device, dtype
