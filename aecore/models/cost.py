"""What a network costs, from its solved layers alone: multiplications, and the memory that its training needs."""

from __future__ import annotations

import math
from typing import NamedTuple

from aecore.models.layer import Layer, Plan

FLOAT = 4
"""Bytes of a number. With bfloat16 a training needs less."""
STATE = 14
"""Numbers that are held for each parameter at the most: itself, its gradient and Adam's two moments; the same again
while number formats are tried, or as what is saved is put together and written."""
TRANSIENT = 1.5
"""The largest step takes so much more than what it keeps: gradients on their way, and copies in the layout that a
convolution wants. How many of them differs between processors, so the sum is an estimate and no bound."""
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
        if layer.kind == "ConvTranspose2d" and len(before) == 1 and plan.map_shape:
            before = plan.map_shape  # a linear layer's numbers, taken as a map
        multiplications += _multiplications(layer, before)
        kept += numbers * _kept(layer)
        largest = max(largest, numbers)
        before = layer.output_shape
    vectors, width = plan.codebook
    _, rows, columns = plan.code_map
    multiplications += vectors * width * rows * columns  # the distances of each place to each vector
    pixels = math.prod(plan.image_shape)
    return Cost(multiplications, kept + 2 * pixels, max(largest, pixels), plan.parameters)


def training_bytes(costs: Cost, batch_size: int) -> int:
    """Memory that a training needs beyond its images and the libraries: weights with their gradients and moments, and
    the batch's numbers with the gradients of the largest layer."""
    return int(FLOAT * (STATE * costs.parameters + TRANSIENT * batch_size * (costs.kept + 2 * costs.largest)))


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
