"""Making ONNX files of others what every external network here is: float32, images (N, C, H, W) in the model's range,
codes (N, n). The graph gets a few nodes before and after it; its own are left as they are.

So that whoever reads weights.safetensors needs to know nothing of how others lay out images.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from aecore.interop.image_layout import FROM, Layout, Scale

Steps = list[tuple[str, dict[str, Any], np.ndarray | None]]
"""Operators in order, each with its attributes and a second input that is a constant."""


class Edited:
    """A file whose graph gets nodes before and after it."""

    def __init__(self, content: bytes) -> None:
        import onnx

        self.model: Any = onnx.load_model_from_string(content)
        graph = self.model.graph
        taken = {name for node in graph.node for name in (node.name, *node.input, *node.output)}
        taken |= {entry.name for entry in (*graph.input, *graph.output, *graph.initializer, *graph.value_info)}
        self.free = (name for number in itertools.count(1) if (name := f"aecore_{number}") not in taken)
        values = {tensor.name for tensor in graph.initializer} | {one.values.name for one in graph.sparse_initializer}
        self.place = next(number for number, entry in enumerate(graph.input) if entry.name not in values)

    def keep_output(self, name: str) -> None:
        """Leave this output alone."""
        outputs = self.model.graph.output
        kept = [entry for entry in outputs if entry.name == name]
        del outputs[:]
        outputs.extend(kept)

    def as_float32(self) -> None:
        """Numbers of 32 bits going in and coming out, whatever they are inside."""
        import onnx

        kinds = onnx.TensorProto
        given, made = self.model.graph.input[self.place].type.tensor_type, self.model.graph.output[0].type.tensor_type
        if given.elem_type != kinds.FLOAT:
            dims = [dim.dim_value or None for dim in given.shape.dim] if given.HasField("shape") else None
            self.before([("Cast", {"to": given.elem_type}, None)], dims)
        if made.elem_type != kinds.FLOAT:
            self.after([("Cast", {"to": kinds.FLOAT}, None)], None)

    def before(self, steps: Steps, dims: Sequence[int | None] | None) -> None:
        """Steps before the graph; what goes in then is float32 of these dimensions, None for any length."""
        graph = self.model.graph
        inner = graph.input[self.place].name
        outer = next(self.free) if steps else inner
        nodes, own = self._chain(steps, outer, inner), list(graph.node)
        graph.input[self.place].CopyFrom(_described(outer, dims))
        del graph.node[:]
        graph.node.extend([*nodes, *own])

    def after(self, steps: Steps, dims: Sequence[int | None] | None) -> None:
        """Steps behind the graph; what comes out then is float32 of these dimensions."""
        graph = self.model.graph
        inner = graph.output[0].name
        outer = next(self.free) if steps else inner
        graph.node.extend(self._chain(steps, inner, outer))
        graph.output[0].CopyFrom(_described(outer, dims))

    def take_images(self, image_shape: tuple[int, int, int], layout: Layout, scale: Scale, rows: int) -> None:
        """Images (N, C, H, W) going in, on the [0, 1] scale where `scale` is not that of the model; `rows` at a time,
        0 for any number."""
        steps: Steps = [] if scale.plain else [("Sub", {}, scale.mean), ("Div", {}, scale.deviation)]
        if layout.permutation:
            steps.append(("Transpose", {"perm": [0, *(axis + 1 for axis in layout.permutation)]}, None))
        if len(layout.shape) != 3:
            steps.append(_reshape(layout.shape))
        self.before(steps, [rows or None, *image_shape])

    def give_images(self, image_shape: tuple[int, int, int], layout: Layout, scale: Scale) -> None:
        """The same of what comes out."""
        channels, height, width = image_shape
        steps: Steps = []
        if len(layout.shape) != 3:
            steps.append(_reshape((height, width, channels) if layout.permutation else image_shape))
        if layout.permutation:
            steps.append(("Transpose", {"perm": [0, *(axis + 1 for axis in FROM)]}, None))
        if scale.logits:
            steps.append(("Sigmoid", {}, None))
        elif not scale.plain:
            steps += [("Mul", {}, scale.deviation), ("Add", {}, scale.mean)]
        self.after(steps, [None, *image_shape])

    def give_codes(self, size: int) -> None:
        """Codes (N, n) coming out."""
        self.after([_reshape((size,))], [None, size])

    def take_codes(self, shape: tuple[int, ...], rows: int) -> None:
        """Codes (N, n) going in; the network itself takes them in this shape."""
        steps: Steps = [] if len(shape) == 1 else [_reshape(shape)]
        self.before(steps, [rows or None, math.prod(shape)])

    def to_bytes(self) -> bytes:
        return self.model.SerializeToString()

    def _chain(self, steps: Steps, first: str, last: str) -> list[Any]:
        import onnx

        nodes, given = [], first
        for number, (kind, attributes, constant) in enumerate(steps, 1):
            inputs, result = [given], last if number == len(steps) else next(self.free)
            if constant is not None:
                inputs.append(next(self.free))
                self.model.graph.initializer.append(onnx.numpy_helper.from_array(constant, inputs[1]))
            nodes.append(onnx.helper.make_node(kind, inputs, [result], name=next(self.free), **attributes))
            given = result
        return nodes


def _reshape(shape: Sequence[int]) -> tuple[str, dict[str, Any], np.ndarray]:
    """Rows stay as many as they are."""
    return "Reshape", {}, np.array([0, *shape], np.int64)


def _described(name: str, dims: Sequence[int | None] | None) -> Any:
    import onnx

    shape = None if dims is None else ["rows" if dim is None and not axis else dim for axis, dim in enumerate(dims)]
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
