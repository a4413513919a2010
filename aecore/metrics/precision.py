"""Double precision where a device has it, and where it has not."""

from __future__ import annotations

from torch import Tensor


def wide(values: Tensor) -> Tensor:
    """The same in float64, on the CPU unless it is on an NVIDIA GPU: an Apple GPU knows no such numbers."""
    return (values if values.device.type == "cuda" else values.cpu()).double()
