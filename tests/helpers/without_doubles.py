"""A device without double precision, played by the CPU."""

from __future__ import annotations

import torch
from torch.overrides import TorchFunctionMode


class WithoutDoubles(TorchFunctionMode):
    """As on an Apple GPU: only what was brought to the CPU can have double precision."""

    def __init__(self) -> None:
        super().__init__()
        self.brought: list[torch.Tensor] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.Tensor.double and not any(args[0] is tensor for tensor in self.brought):
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        result = function(*args, **(kwargs or {}))
        if function is torch.Tensor.cpu:
            self.brought.append(result)
        return result
