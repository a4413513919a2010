"""The results of an ONNX graph while its operations are translated: where each is, and how its numbers lie."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aecore.errors import AecoreError
from aecore.models.browser_export import Builder
from aecore.models.onnx_browser.graph import Graph, Node


@dataclass(frozen=True)
class Value:
    """The result of an operation: its shape without the batch, in order or, with `last`, a map (C, H, W) that is stored
    channels last."""

    at: int
    shape: tuple[int, ...]
    last: bool = False


class Walk:
    """The values so far by their names in the file, and the operations that compute them."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.builder = graph, Builder({})
        self.values: dict[str, Value] = {}

    def shape(self, node: Node, number: int = 0) -> tuple[int, ...]:
        return self.graph.shapes[node.outputs[number]][1:]

    def put(self, node: Node, last: bool = False, number: int = 0) -> None:
        """The last operation's numbers are the node's result."""
        self.values[node.outputs[number]] = Value(self.builder.last, self.shape(node, number), last)

    def given(self, node: Node, number: int = 0) -> Value:
        """An input that is computed."""
        return self.values[node.inputs[number]]

    def on_top(self, value: Value) -> Value:
        """The value as what the next operation takes."""
        if value.at == self.builder.last:
            return value
        self.builder.add("recall", earlier=value.at, length=math.prod(value.shape))
        return Value(self.builder.last, value.shape, value.last)

    def plain(self, value: Value) -> Value:
        """On top, its numbers in the order of its shape."""
        value = self.on_top(value)
        if value.last:
            self.builder.add("chw", shape=list(value.shape))
        return Value(self.builder.last, value.shape)

    def as_map(self, value: Value) -> Value:
        """On top, as a map that is stored channels last."""
        value = self.on_top(value)
        if len(value.shape) != 3:
            raise AecoreError(f"{len(value.shape)} axes where a map of three was expected")
        if not value.last:
            self.builder.add("hwc", shape=list(value.shape))
        return Value(self.builder.last, value.shape, True)

    def same(self, first: Value, second: Value) -> tuple[Value, Value]:
        """Two values in one order, the first on top. Raises `AecoreError` where their shapes differ."""
        if first.shape != second.shape:
            raise AecoreError("two results of different shapes")
        if first.last != second.last:
            second = self.plain(second)
            first = self.plain(first)
        return self.on_top(first), second


def spread(walk: Walk, value: Value, constant: np.ndarray) -> tuple[Value, np.ndarray]:
    """The value on top, and a constant that is broadcast to it as one number for each of its channels, or for each
    number."""
    try:
        full = np.broadcast_to(constant, (1, *value.shape))[0].astype(np.float32)
    except ValueError:
        raise AecoreError("a result that is spread over the shape of a constant") from None
    if (full == full.flat[0]).all():
        return walk.on_top(value), full.reshape(-1)
    if len(value.shape) == 3 and (value.last or (full == full[:, :1, :1]).all()):
        value, full = walk.as_map(value), full.transpose(1, 2, 0)
    else:
        value = walk.plain(value)
    # Channels last, or the last axis of a map that another framework made so.
    each = full.ndim == 3 and (full == full[0, 0]).all()
    return value, full[0, 0] if each else full.reshape(-1)


def scaled(builder: Builder, scale: np.ndarray, shift: np.ndarray) -> None:
    """Numbers times `scale` plus `shift`, each with its own. Raises `AecoreError` where these are not finite."""
    if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
        raise AecoreError("constants that are not finite")
    if (scale == scale[0]).all() and (shift == shift[0]).all():
        builder.add("affine", scale=float(scale[0]), shift=float(shift[0]))
    else:
        builder.add("scale", at=builder.store(scale), shift=builder.store(shift), channels=len(scale))


Rule = Callable[[Walk, Node], None]
"""Translates a node: adds its operations and puts its results."""
