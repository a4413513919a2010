"""Codes with a structure that is known."""

from __future__ import annotations

import numpy as np


def clusters(count=120, size=6, seed=0):
    """Codes float32 (count, size) around three centres, and which of them."""
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    centres = 4 * draw.standard_normal((3, size))
    return (centres[labels] + draw.standard_normal((count, size))).astype(np.float32), labels.astype(np.uint8)
