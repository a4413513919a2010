"""Converting images between floats in [0, 1] and uint8."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


def to_uint8(images: Tensor | np.ndarray) -> np.ndarray:
    """Float images of any shape in [0, 1] to uint8 on the CPU, rounded to the nearest even, values outside clamped."""
    if isinstance(images, np.ndarray):
        return np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
    import torch  # readers of the user's own images need none

    return images.clamp(0, 1).mul(255).round().to(torch.uint8).contiguous().cpu().numpy()
