"""Layers of an ONNX graph: products, windows over maps, normalisation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from aecore.errors import AecoreError
from aecore.models.browser_export import hwc
from aecore.models.onnx_browser.graph import Node
from aecore.models.onnx_browser.walk import Rule, Walk, scaled
from aecore.models.onnx_browser.windows import square, window_of


def _product(walk: Walk, node: Node) -> None:
    """Gemm, and MatMul with a constant of two axes."""
    value, weight = walk.plain(walk.given(node)), walk.graph.constant(node, 1)
    about = node.attributes
    if weight is None or weight.ndim != 2 or len(value.shape) != 1 or about.get("transA"):
        raise AecoreError(f"{node.kind} of {len(value.shape) + 1} axes")
    weight = weight if about.get("transB") else weight.T
    bias = walk.graph.constant(node, 2) if node.kind == "Gemm" else None
    bias = np.zeros(len(weight)) if bias is None else np.broadcast_to(bias, (1, len(weight)))[0] * about.get("beta", 1)
    at = walk.builder.store(weight * about.get("alpha", 1)), walk.builder.store(bias)
    outputs, inputs = weight.shape
    walk.builder.add("linear", inputs=inputs, outputs=outputs, at=at[0], bias=at[1], activation="none")
    walk.put(node)


def _convolution(walk: Walk, node: Node) -> None:
    """Conv and ConvTranspose of two axes. Kernels with gaps, groups or unequal sides become plain ones by zeros."""
    weight, bias = walk.graph.constant(node, 1), walk.graph.constant(node, 2)
    value, backwards = walk.as_map(walk.given(node)), node.kind == "ConvTranspose"
    assert weight is not None
    to = walk.shape(node)
    window = window_of(node, weight.shape[2:], value.shape, to)
    dense, padding = square(weight, window, node.attributes.get("group", 1), backwards)
    bias = np.zeros(to[0]) if bias is None else bias
    # To (k, k, in, out): PyTorch's and ONNX's are (out, in, k, k), of a transposed one (in, out, k, k).
    at = walk.builder.store(dense.transpose((2, 3, 0, 1) if backwards else (2, 3, 1, 0))), walk.builder.store(bias)
    size: dict[str, Any] = {"from": hwc(value.shape), "to": hwc(to)}
    size |= {"kernel": dense.shape[2], "stride": window.stride, "padding": padding}
    walk.builder.add("transposed" if backwards else "conv", **size, at=at[0], bias=at[1], activation="none")
    walk.put(node, True)


def _pool(walk: Walk, node: Node) -> None:
    value, to = walk.as_map(walk.given(node)), walk.shape(node)
    if len(node.outputs) > 1 and node.outputs[1]:
        raise AecoreError(f"{node.kind} with the places of its maxima")
    mean = node.kind != "MaxPool"
    if node.kind == "GlobalAveragePool":
        kernel, stride, begin = value.shape[1:], 1, (0, 0)
    else:
        window = window_of(node, tuple(node.attributes["kernel_shape"]), value.shape, to)
        kernel, stride, begin = window.kernel, window.stride, window.begin
        ends = [(n - 1) * stride + k for n, k in zip(to[1:], kernel, strict=True)]
        if mean and (any(begin) or ends[0] > value.shape[1] or ends[1] > value.shape[2]):
            raise AecoreError(f"{node.kind} over the edge")
        if window.dilations != (1, 1):
            raise AecoreError(f"{node.kind} with gaps")
    if kernel[0] != kernel[1] or begin[0] != begin[1]:
        raise AecoreError(f"{node.kind} over {kernel[0]} × {kernel[1]}")
    size: dict[str, Any] = {"from": hwc(value.shape), "to": hwc(to), "size": kernel[0], "mean": mean}
    walk.builder.add("pool", **size, stride=stride, padding=begin[0])
    walk.put(node, True)


def _batch_norm(walk: Walk, node: Node) -> None:
    scale, shift, mean, variance = (walk.graph.constant(node, number) for number in range(1, 5))
    assert scale is not None
    assert shift is not None
    assert mean is not None
    assert variance is not None
    if node.attributes.get("training_mode"):
        raise AecoreError("BatchNormalization in training")
    value = walk.given(node)
    value = walk.as_map(value) if len(value.shape) == 3 else walk.plain(value)
    factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + node.attributes.get("epsilon", 1e-5))
    at = walk.builder.store(factor), walk.builder.store(shift - mean * factor)
    walk.builder.add("scale", at=at[0], shift=at[1], channels=len(scale))
    walk.put(node, value.last)


def _standardise(walk: Walk, node: Node) -> None:
    """LayerNormalization of a row, and InstanceNormalization, which a GroupNorm becomes with its groups as channels."""
    value, count = walk.plain(walk.given(node)), 1
    scale, shift = (walk.graph.constant(node, number) for number in (1, 2))
    if node.kind == "InstanceNormalization":
        count = value.shape[0]
    elif len(value.shape) != 1 or node.attributes.get("axis", -1) not in (-1, 1):
        raise AecoreError("LayerNormalization of a map")
    length = math.prod(value.shape)
    walk.builder.add("standardise", parts=count, epsilon=node.attributes.get("epsilon", 1e-5))
    assert scale is not None
    each = length // len(scale)
    factor = np.repeat(scale, each)
    shifts = np.zeros(length) if shift is None else np.repeat(shift, each)
    scaled(walk.builder, factor.astype(np.float32), shifts.astype(np.float32))
    walk.put(node)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("Gemm", "MatMul"), _product),
    **dict.fromkeys(("Conv", "ConvTranspose"), _convolution),
    **dict.fromkeys(("MaxPool", "AveragePool", "GlobalAveragePool"), _pool),
    "BatchNormalization": _batch_norm,
    **dict.fromkeys(("LayerNormalization", "InstanceNormalization"), _standardise),
}
