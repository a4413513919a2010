"""Keeping a recorded network as ONNX, checked against the network itself before it is kept."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from aecore.errors import AecoreError, UserError
from aecore.models.external import DECODER, ENCODER
from aecore.models.onnx_file import OnnxFunction
from aecore.recording.foreign import Foreign, Part

OPSET = 18
APART = 1e-5
"""How far the file's numbers may be from the network's, relative to the largest where that is above 1."""


def onnx_files(foreign: Foreign, images: Tensor) -> dict[str, np.ndarray]:
    """Encoder and decoder as ONNX with any number of rows, float32, as uint8 arrays by name.

    `images` uint8 (N, C, H, W) go through both, and what comes out is compared. Raises `UserError` where the packages
    are missing, `AecoreError` where the network cannot be exported or the file computes something else.
    """
    _check_packages()
    with foreign.undisturbed(), _on_the_cpu(foreign):
        inputs = foreign.network.from_bytes(images.cpu())
        codes = foreign.network.encode(inputs)
        return {
            name: _exported(Part(foreign, side), values, f"the network's {side}")
            for name, side, values in ((ENCODER, "encoder", inputs), (DECODER, "decoder", codes))
        }


def _check_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(f"{error.name} is not installed (pip install -r requirements-onnx.txt)") from None


def _exported(part: Part, values: Tensor, what: str) -> np.ndarray:
    part.eval()
    for owner in part.owners.modules():
        if why := getattr(owner, "cannot_be_exported", ""):
            raise AecoreError(f"{what}: {why}")
    expected = part(values)
    try:
        with _quiet():
            rows = torch.export.Dim("rows", min=1, max=1 << 20)
            program = torch.onnx.export(
                part,
                (values[:2].clone(),),
                dynamo=True,
                dynamic_shapes=({0: rows},),
                opset_version=OPSET,
                input_names=["input"],
                output_names=["output"],
            )
            assert program is not None
            content = program.model_proto.SerializeToString()
    except Exception as error:  # the exporter raises many kinds, of code that it cannot follow
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise AecoreError(f"{what} cannot be exported as ONNX: {reason[:300]}") from None
    found = OnnxFunction(content, what)(values)
    apart = float((found - expected).abs().max()) / max(1.0, float(expected.abs().max()))
    if not apart <= APART:
        raise AecoreError(f"{what} as ONNX computes something else: {apart:.1e} apart, at most {APART:.0e} is right")
    return np.frombuffer(content, np.uint8)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's report of its progress."""
    silent = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


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
