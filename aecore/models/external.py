"""Networks that are not described here, because another program made them, behind the methods of all networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from aecore.config.model import Model
from aecore.errors import AecoreError
from aecore.models.condition import NOTHING, Condition
from aecore.models.network import Network
from aecore.models.onnx_file import OnnxFunction

Function = Callable[[Tensor], Tensor]
ENCODER, DECODER, WHOLE = "encoder.onnx", "decoder.onnx", "network.onnx"
"""In the weights of an external run: the files' bytes as uint8 tensors; the last one of a network without a code."""


class External(Network):
    """Two functions of tensors: from images (B, C, H, W) in the model's range to codes (B, …), and from codes (B, n) to
    images."""

    def __init__(
        self,
        model: Model,
        image_shape: tuple[int, int, int],
        encode: Function,
        decode: Function,
    ) -> None:
        super().__init__(model, image_shape)
        self._encode, self._decode = encode, decode

    @property
    def dtype(self) -> torch.dtype:
        return torch.float32

    def encode(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Images (B, C, H, W) to codes (B, n)."""
        return self._encode(images).flatten(1).float()

    def decode(self, codes: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Codes (B, n) to images (B, C, H, W)."""
        return self._decode(codes.float()).float().reshape(len(codes), *self.plan.image_shape)

    def forward(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Images to their reconstructions, both (B, C, H, W)."""
        return self.decode(self.encode(images))


class ExternalRestorer(Network):
    """A function from images (B, C, H, W) to images, both in the model's range, of which no code is known."""

    def __init__(self, model: Model, image_shape: tuple[int, int, int], restore: Function) -> None:
        super().__init__(model, image_shape)
        self._restore = restore

    @property
    def dtype(self) -> torch.dtype:
        return torch.float32

    def forward(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Images to the network's outputs, both (B, C, H, W)."""
        return self._restore(images).float().reshape(images.shape)


def from_files(
    model: Model, image_shape: tuple[int, int, int], files: Mapping[str, np.ndarray], run_id: str
) -> External | ExternalRestorer:
    """The network of an external run from its weights.

    Raises `UserError` where onnxruntime is missing, `AecoreError` for files that it cannot run.
    """
    if not model.has_code:
        if WHOLE not in files:
            raise AecoreError(f"the weights of run {run_id} hold no {WHOLE}")
        whole = OnnxFunction(files[WHOLE].tobytes(), f"the network of run {run_id}")
        return ExternalRestorer(model, image_shape, whole)
    if ENCODER not in files or DECODER not in files:
        raise AecoreError(f"the weights of run {run_id} hold no {ENCODER} and {DECODER}")
    encode, decode = (
        OnnxFunction(files[name].tobytes(), f"the {side} of run {run_id}")
        for name, side in ((ENCODER, "encoder"), (DECODER, "decoder"))
    )
    return External(model, image_shape, encode, decode)
