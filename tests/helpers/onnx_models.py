"""ONNX files as other programs write them, by hand and not with the exporter of this project: principal components of
the training images, so that what comes out has a closed form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Step = tuple[str, dict[str, Any], np.ndarray | None]


class Components:
    """The first principal components of images uint8 (N, C, H, W), in NumPy."""

    def __init__(self, images: np.ndarray, size: int) -> None:
        rows = images.reshape(len(images), -1).astype(np.float64) / 255
        self.mean = rows.mean(0)
        self.axes = np.linalg.svd(rows - self.mean, full_matrices=False)[2][:size]

    def codes(self, images: np.ndarray) -> np.ndarray:
        return (images.reshape(len(images), -1) / 255 - self.mean) @ self.axes.T

    def outputs(self, images: np.ndarray) -> np.ndarray:
        """On the [0, 1] scale, of the shape of the images."""
        return (self.codes(images) @ self.axes + self.mean).reshape(images.shape)


def save(
    path: Path,
    steps: Sequence[Step],
    given: Sequence[int | str],
    made: Sequence[int | str],
    opset: int = 13,
    **kinds: int,
) -> Path:
    """A file with these operators in a row, each with an optional constant as its second input."""
    nodes, constants, name = [], [], "input"
    for number, (kind, attributes, constant) in enumerate(steps):
        inputs, result = [name], "output" if number == len(steps) - 1 else f"t{number}"
        if constant is not None:
            array = constant if constant.dtype == np.int64 else constant.astype(np.float32)
            constants.append(numpy_helper.from_array(np.ascontiguousarray(array), f"c{number}"))
            inputs.append(f"c{number}")
        nodes.append(helper.make_node(kind, inputs, [result], **attributes))
        name = result
    described = [
        helper.make_tensor_value_info(what, kinds.get(what, TensorProto.FLOAT), shape)
        for what, shape in (("input", given), ("output", made))
    ]
    graph = helper.make_graph(nodes, "network", described[:1], described[1:], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


def flatten(size: int) -> Step:
    return "Reshape", {}, np.array([-1, size], np.int64)


def encoder_steps(parts: Components, low: float, high: float) -> list[Step]:
    """From rows of numbers that go from `low` to `high` to codes."""
    return [
        ("Sub", {}, np.array(float(low))),
        ("Mul", {}, np.array(1.0 / (high - low))),
        ("Sub", {}, parts.mean),
        ("MatMul", {}, parts.axes.T),
    ]


def decoder_steps(parts: Components, low: float, high: float) -> list[Step]:
    """From codes to rows of numbers that go from `low` to `high`."""
    return [
        ("MatMul", {}, parts.axes),
        ("Add", {}, parts.mean),
        ("Mul", {}, np.array(float(high - low))),
        ("Add", {}, np.array(float(low))),
    ]
