"""What a network costs, from its solved layers alone: multiplications, and the memory that its training needs."""

from __future__ import annotations

import math
from typing import NamedTuple

from aecore.models.layer import Layer, Plan

FLOAT = 4
"""Bytes of a number. With bfloat16 a training needs less."""
STATE = 4
"""Numbers that are kept for each parameter: itself, its gradient, Adam's two moments."""
PASSES = 3
"""A step multiplies once forwards, once for the gradients of inputs and once for those of weights."""


class Cost(NamedTuple):
    multiplications: int
    """For one image, forwards."""
    kept: int
    """Numbers of an image that a forward pass in training keeps for the backward pass."""
    largest: int
    """Numbers of an image in the largest layer."""
    parameters: int


def cost(plan: Plan) -> Cost:
    """The cost of an image. Of a convolution every output pixel counts, of a transposed one every input pixel, those at
    the border as if the padding were pixels."""
    multiplications = kept = largest = 0
    before: tuple[int, ...] = plan.image_shape
    for layer in plan.layers:
        numbers = math.prod(layer.output_shape)
        multiplications += _multiplications(layer, before)
        kept += numbers * _kept(layer)
        largest = max(largest, numbers)
        before = layer.output_shape
    pixels = math.prod(plan.image_shape)
    return Cost(multiplications, kept + 2 * pixels, max(largest, pixels), plan.parameters)


def training_bytes(costs: Cost, batch_size: int) -> int:
    """Memory that a training needs beyond its images and the libraries: weights with their gradients and moments, and
    the batch's numbers with the gradients of the largest layer."""
    return FLOAT * (STATE * costs.parameters + batch_size * (costs.kept + 2 * costs.largest))


def _multiplications(layer: Layer, before: tuple[int, ...]) -> int:
    if layer.kind == "Linear":
        return layer.inputs * layer.outputs
    if layer.kind == "Gaussian":
        return 2 * layer.inputs * layer.outputs
    if layer.kind in ("Conv2d", "ConvTranspose2d"):
        side = layer.output_shape if layer.kind == "Conv2d" else before
        return layer.inputs * layer.outputs * layer.kernel**2 * math.prod(side[1:])
    return 0


def _kept(layer: Layer) -> int:
    """How many tensors as large as the layer's output are kept: its own, and one for each that follows it."""
    return 1 + layer.norm + (layer.activation != "none") + (layer.dropout > 0) + (layer.kind == "Gaussian")
