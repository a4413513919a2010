"""The activations that a model may have, in their written form."""

from __future__ import annotations

from typing import Literal

Activation = Literal[
    "relu", "leaky-relu", "relu6", "selu", "elu", "gelu", "silu", "mish", "softplus", "tanh", "sigmoid", "none"
]
LEAK = 0.01
"""The slope of a `leaky-relu` without a number, PyTorch's default."""


def slope(name: str) -> float:
    """The slope below zero of an activation as it is written: of `leaky-relu:0.2` 0.2. Raises `ValueError` for a slope
    that is none, or given to another function."""
    kind, given, text = name.partition(":")
    if not given:
        return LEAK if kind == "leaky-relu" else 0.0
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if kind != "leaky-relu" or not 0 < value < 1:
        raise ValueError(f"'{name}': only leaky-relu takes a number, its slope between 0 and 1, as leaky-relu:0.2")
    return value
