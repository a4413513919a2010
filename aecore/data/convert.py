"""TODO docstring."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def to_uint8(images: Tensor) -> np.ndarray:
    """Float images (…, H, W) in [0, 1] to uint8 on the CPU, rounded, values outside the range cut."""
    return images.clamp(0, 1).mul(255).round().to(torch.uint8).contiguous().cpu().numpy()
