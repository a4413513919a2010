"""Encoders and decoders, node by node."""

from __future__ import annotations

import math

from aecore.errors import AecoreError
from aecore.models.browser_export import Network
from aecore.models.onnx_browser import elementwise, layers, order
from aecore.models.onnx_browser.graph import Node, read_graph
from aecore.models.onnx_browser.walk import Value, Walk

RULES = elementwise.RULES | layers.RULES | order.RULES


def translated(
    content: bytes, image_shape: tuple[int, int, int], code_size: int | None, low: float, high: float
) -> Network:
    """An encoder, or with `code_size` a decoder, from the content of its ONNX file.

    Images are (H, W, C) on the [0, 1] scale in the browser, and float (1, C, H, W) from `low` to `high` in the file.
    Raises `AecoreError` with the operation that the browser does not have, `UserError` where onnx is missing.
    """
    graph = read_graph(content, image_shape if code_size is None else (code_size,))
    walk = Walk(graph)
    builder = walk.builder
    if code_size is None and (low, high) != (0.0, 1.0):
        builder.add("affine", scale=high - low, shift=low)
    walk.values[graph.input] = Value(builder.last, graph.shapes[graph.input][1:], code_size is None)
    for node in graph.nodes:
        _add(walk, node)
    last = walk.values[graph.output]
    if code_size is None:
        walk.plain(last)
        return builder.done()
    if math.prod(last.shape) != math.prod(image_shape):
        raise AecoreError(f"an output of {' × '.join(map(str, last.shape))} is no image")
    walk.as_map(last if last.shape == image_shape else Value(walk.plain(last).at, image_shape, False))
    if (low, high) != (0.0, 1.0):
        builder.add("affine", scale=1 / (high - low), shift=-low / (high - low))
    return builder.done()


def _add(walk: Walk, node: Node) -> None:
    """Translate one node."""
    rule = RULES.get(node.kind)
    if rule is None:
        raise AecoreError(f"the browser has no {node.kind}")
    for name in node.outputs:
        if walk.graph.shapes.get(name, (1,))[:1] != (1,):
            raise AecoreError(f"{node.kind} mixes the images of a batch")
    rule(walk, node)
