"""An ONNX file as a chain of known sizes: its nodes in order, what is constant in it, and the shape of everything else.

Sizes are found by running the file once for one image with all its intermediate results, so nothing has to be inferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aecore.errors import AecoreError, UserError

MOST_NODES = 2000
OLDEST = 13
"""Older operator sets have other defaults and attributes for the same names, such as the limits of Clip."""
STANDARD = ("", "ai.onnx")
_BY_CHANCE = ("Random", "Multinomial", "Bernoulli")


@dataclass(frozen=True)
class Node:
    """One operation. Optional inputs that are not given are empty names."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """The nodes that the output needs, in order, without those whose results are constant."""

    input: str
    output: str
    nodes: tuple[Node, ...]
    constants: dict[str, np.ndarray]
    shapes: dict[str, tuple[int, ...]]
    """Of what depends on the input, for one image: (1, …)."""

    def constant(self, node: Node, number: int) -> np.ndarray | None:
        """A node's input, None where it is not given. Raises `AecoreError` where it depends on the graph's input."""
        name = node.inputs[number] if number < len(node.inputs) else ""
        if name and name not in self.constants:
            raise AecoreError(f"{node.kind} with a computed {name}")
        return self.constants[name] if name else None


def read_graph(content: bytes, input_shape: Sequence[int]) -> Graph:
    """The graph of a file for one input of shape (1, *input_shape), float32.

    Raises `UserError` where onnx or onnxruntime is missing, `AecoreError` for a file that cannot be run so.
    """
    try:
        import onnx
        import onnx.inliner
    except ImportError:
        raise UserError("onnx is not installed (pip install -r requirements-onnx.txt)") from None
    try:
        model = onnx.load_from_string(content)
        model = onnx.inliner.inline_local_functions(model) if model.functions else model
    except Exception as error:  # of several kinds
        raise AecoreError(f"no ONNX file: {error}") from None
    versions = [one.version for one in model.opset_import if one.domain in STANDARD]
    if max(versions, default=0) < OLDEST:
        raise AecoreError(f"operators of version {max(versions, default=0)}, older than {OLDEST}")
    given = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    inputs = [one.name for one in model.graph.input if one.name not in given]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise AecoreError("not one input and one output")
    nodes = [_node(one, onnx.helper.get_attribute_value) for one in model.graph.node]
    if len(nodes) > MOST_NODES:
        raise AecoreError(f"{len(nodes):,} operations")
    live, output = {inputs[0]}, model.graph.output[0].name
    for node in nodes:
        if node.kind.startswith(_BY_CHANCE):
            raise AecoreError(f"{node.kind}: numbers by chance")
        # The shape of what comes in is that of one image here, whatever the image.
        if node.kind not in ("Shape", "Size") and live.intersection(node.inputs):
            live.update(node.outputs)
    found = _run(model, inputs[0], np.full((1, *input_shape), 0.5, np.float32), nodes)
    constants = given | {name: value for name, value in found.items() if name not in live}
    shapes = {name: value.shape for name, value in found.items() if name in live}
    needed, kept = {output}, []
    for node in reversed(nodes):
        if needed.intersection(node.outputs) and live.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    return Graph(inputs[0], output, tuple(reversed(kept)), constants, {inputs[0]: (1, *input_shape)} | shapes)


def _node(one: Any, value_of: Any) -> Node:
    if one.domain not in STANDARD:
        raise AecoreError(f"{one.domain}.{one.op_type} is no standard operation")
    attributes = {each.name: value_of(each) for each in one.attribute}
    words = {name: value.decode() if isinstance(value, bytes) else value for name, value in attributes.items()}
    return Node(one.op_type, tuple(one.input), tuple(one.output), words)


def _run(model: Any, name: str, values: np.ndarray, nodes: Sequence[Node]) -> dict[str, np.ndarray]:
    """Every result of the model for one input."""
    import onnx

    try:
        import onnxruntime
    except ImportError:
        raise UserError("onnxruntime is not installed (pip install -r requirements-onnx.txt)") from None
    names = [output for node in nodes for output in node.outputs if output]
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=each) for each in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session: Any = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return dict(zip(names, session.run(names, {name: values}), strict=True))
    except Exception as error:  # of several kinds, which the package does not export
        lines = str(error).strip().splitlines()
        raise AecoreError(f"cannot be run: {lines[0][:300] if lines else type(error).__name__}") from None
