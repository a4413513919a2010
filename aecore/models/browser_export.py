"""A trained network for the browser, where there is no torch: a list of plain operations and one array of weights.

Normalisation is folded into the layer before it and dropout is left out, as in evaluation. Maps are channels last,
(H, W, C); `chw` and `hwc` mark where a map becomes a row of features and back. `viewer/js/network.js` runs these lists.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aecore.errors import AecoreError
from aecore.models.layer import Layer, Plan, Shape

NORM_EPS = 1e-5
"""PyTorch's default, which the models use."""

Tensors = Mapping[str, np.ndarray]
Op = dict[str, Any]


@dataclass(frozen=True)
class Network:
    """Operations in order, and the weights, into which they point with `at`."""

    ops: tuple[Op, ...]
    weights: np.ndarray
    """float32 (all,)."""

    @property
    def products(self) -> int:
        """Multiplications for one image or code."""
        total = 0
        for op in self.ops:
            if op["kind"] == "linear":
                total += op["inputs"] * op["outputs"]
            elif op["kind"] in ("conv", "transposed"):
                # A transposed convolution multiplies once for every input pixel, a convolution for every output pixel.
                side = op["to"] if op["kind"] == "conv" else op["from"]
                total += side[0] * side[1] * op["from"][2] * op["to"][2] * op["kernel"] ** 2
        return total


class Builder:
    """A list of operations as it grows, and the weights that they point at."""

    def __init__(self, tensors: Tensors, black: float = 0.0) -> None:
        self.black = black
        self.tensors, self.ops, self.parts, self.length = tensors, [], [], 0

    def tensor(self, name: str) -> np.ndarray:
        if name not in self.tensors:
            raise AecoreError(f"the weights hold no {name}")
        return np.asarray(self.tensors[name], np.float32)

    def store(self, values: np.ndarray) -> int:
        at = self.length
        self.parts.append(np.ascontiguousarray(values, np.float32).reshape(-1))
        self.length += values.size
        return at

    def add(self, kind: str, **about: Any) -> None:
        self.ops.append({"kind": kind, **about})

    @property
    def last(self) -> int:
        """The number of the last operation; -1 for the network's input."""
        return len(self.ops) - 1

    def weight(self, layer: Layer, name: str) -> np.ndarray:
        """A layer's weights in PyTorch's order, also where they are another layer's."""
        if not layer.tied_to:
            return self.tensor(f"{name}.weight")
        other = self.tensor(f"{layer.tied_to}.weight")
        return other.T if layer.kind == "Linear" else other

    def with_classes(self, plan: Plan, shape: tuple[int, ...]) -> None:
        """The image's class behind features (n,) or the channels of a map (C, H, W)."""
        if plan.classes:
            places = shape[1] * shape[2] if len(shape) == 3 else 1
            self.add("classes", count=plan.classes, places=places, channels=shape[0])

    def done(self) -> Network:
        weights = np.concatenate(self.parts) if self.parts else np.zeros(0, np.float32)
        return Network(tuple(self.ops), weights)


def decoder(plan: Plan, tensors: Tensors, low: float, high: float) -> Network:
    """From a code (n,) to an image (H, W, C) on the [0, 1] scale, not clamped to it.

    `tensors` are those of weights.safetensors, `low` and `high` the model's own range. Raises `AecoreError` when a
    weight is missing.
    """
    builder = Builder(tensors, black=low)
    shape: tuple[int, ...] = (plan.code_size,)
    builder.with_classes(plan, shape)
    if plan.map_shape and plan.decoder[0].kind == "ConvTranspose2d":
        builder.add("hwc", shape=list(plan.map_shape))
        shape = plan.map_shape
    for layer in plan.decoder:
        if layer.kind == "ConvTranspose2d" and len(shape) == 1:
            assert plan.map_shape is not None
            builder.add("hwc", shape=list(plan.map_shape))
            shape = plan.map_shape
        if layer.weighted:
            _add_layer(builder, layer, shape)
        else:
            _add_bare(builder, layer, shape)
        shape = layer.output_shape
    if len(shape) == 1:
        builder.add("hwc", shape=list(plan.image_shape))
    elif plan.resized:
        builder.add("resize", **{"from": hwc(shape), "to": hwc(plan.image_shape)})
    if (low, high) != (0.0, 1.0):
        builder.add("affine", scale=1 / (high - low), shift=-low / (high - low))
    return builder.done()


def encoder(plan: Plan, tensors: Tensors, low: float, high: float) -> Network:
    """From an image (H, W, C) on the [0, 1] scale to its code (n,); for a VAE to the mean."""
    builder = Builder(tensors, black=low)
    if (low, high) != (0.0, 1.0):
        builder.add("affine", scale=high - low, shift=low)
    shape: tuple[int, ...] = plan.image_shape
    if plan.classes and plan.encoder[0].kind in ("Linear", "Gaussian"):
        builder.add("chw", shape=list(shape))
        shape = (math.prod(shape),)
    builder.with_classes(plan, shape)
    shape = (shape[0] + plan.classes, *shape[1:])
    for layer in plan.encoder:
        if not layer.weighted:
            _add_bare(builder, layer, shape)
        else:
            if layer.kind in ("Linear", "Gaussian") and len(shape) == 3:
                builder.add("chw", shape=list(shape))
                shape = (math.prod(shape),)
            _add_layer(builder, layer, shape)
        shape = layer.output_shape
    if plan.levels:
        builder.add("levels", levels=list(plan.levels))
    if plan.codebook[0]:
        vectors = builder.tensor("quantiser.codebook")
        builder.add("nearest", at=builder.store(vectors), count=len(vectors), channels=vectors.shape[1])
    if len(shape) == 3:
        builder.add("chw", shape=list(shape))
    if plan.keep:
        builder.add("largest", count=plan.keep)
    return builder.done()


def restorer(plan: Plan, tensors: Tensors, low: float, high: float, adds: bool, takes_levels: bool) -> Network:
    """A network without a code, from an image (H, W, C) to an image, both on the [0, 1] scale, not clamped. With `adds`
    the layers give what is subtracted; with `takes_levels` in units of the noise level, which is an input."""
    builder = Builder(tensors, black=low)
    if (low, high) != (0.0, 1.0):
        builder.add("affine", scale=high - low, shift=low)
    image, shape, ends = builder.last, plan.image_shape, dict[str, tuple[int, Shape]]()
    if takes_levels:
        builder.add("noise", channels=shape[0], width=shape[2], high=high - low)
        shape = (shape[0] + 1, *shape[1:])
    for layer in plan.body:
        if layer.kind == "Concat":
            number, other = ends[layer.joined]
            builder.add("join", earlier=number, channels=shape[0], others=other[0])
        elif layer.weighted:
            _add_layer(builder, layer, shape)
        else:
            _add_bare(builder, layer, shape)
        shape: Shape = layer.output_shape  # type: ignore[assignment]
        ends[layer.name] = (builder.last, shape)
    if adds:
        builder.add("subtract", earlier=image, scaled=takes_levels)
    if (low, high) != (0.0, 1.0):
        builder.add("affine", scale=1 / (high - low), shift=-low / (high - low))
    return builder.done()


def nothing() -> Network:
    """A network that does nothing."""
    return Network((), np.zeros(0, np.float32))


def digit_classifier(tensors: Tensors) -> Network:
    """From an image (28, 28, C) on the [0, 1] scale to ten scores: the layers of `digit_classifier.network`."""
    builder = Builder(tensors)
    builder.add("brightest")
    side, channels = 28, 1
    for number in (0, 3):
        weight, bias = builder.tensor(f"layers.{number}.weight"), builder.tensor(f"layers.{number}.bias")
        size = {"from": [side, side, channels], "to": [side, side, len(weight)]}
        at, bias_at = builder.store(weight.transpose(2, 3, 1, 0)), builder.store(bias)
        builder.add("conv", **size, kernel=3, stride=1, padding=1, at=at, bias=bias_at, activation="relu")
        side, channels = side // 2, len(weight)
        builder.add("pool", **{"from": size["to"], "to": [side, side, channels]})
    builder.add("chw", shape=[channels, side, side])
    for number, activation in ((7, "relu"), (9, "none")):
        weight, bias = builder.tensor(f"layers.{number}.weight"), builder.tensor(f"layers.{number}.bias")
        _add_linear(builder, weight, bias, activation)
    return builder.done()


def _add_bare(builder: Builder, layer: Layer, shape: Sequence[int]) -> None:
    """A layer of a written network that is neither linear nor a convolution."""
    size: dict[str, Any] = {}
    if len(shape) == 3 and len(layer.output_shape) == 3:
        size = {"from": hwc(shape), "to": hwc(layer.output_shape)}
    match layer.kind:
        case "Flatten":
            builder.add("chw", shape=list(shape))
        case "Map":
            builder.add("hwc", shape=list(layer.output_shape))
        case "Activation":
            builder.add("activate", activation=layer.activation)
        case "MaxPool2d" | "AvgPool2d":
            builder.add("pool", **size, size=layer.size, mean=layer.kind == "AvgPool2d")
        case "Upsample":
            builder.add("repeat", **size, size=layer.size)
        case "UpsampleBilinear":
            builder.add("resize", **size)
        case "Resize":
            builder.add("enlarge", **size)
        case "Pad" | "Crop":
            builder.add("frame", **size, by=layer.size if layer.kind == "Pad" else -layer.size, value=builder.black)
        case "Norm":
            scale, shift = _norm(builder, layer.name)
            builder.add("scale", at=builder.store(scale), shift=builder.store(shift), channels=len(scale))
        case "Normalise" | "Denormalise":
            mean, deviation = np.array(layer.mean, np.float32), np.array(layer.deviation, np.float32)
            scale, shift = (deviation, mean) if layer.kind == "Denormalise" else (1 / deviation, -mean / deviation)
            builder.add("scale", at=builder.store(scale), shift=builder.store(shift), channels=len(scale))


def _norm(builder: Builder, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A batch normalisation of an evaluation as scale and shift."""
    weight, bias, mean, variance = (
        builder.tensor(f"{name}.{part}") for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = weight / np.sqrt(variance + NORM_EPS)
    return scale, bias - mean * scale


def _add_layer(builder: Builder, layer: Layer, shape: Sequence[int]) -> None:
    name = f"{layer.name}.mean" if layer.kind == "Gaussian" else layer.name
    weight, bias, before = builder.weight(layer, name), builder.tensor(f"{name}.bias"), builder.last
    outputs = 1 if layer.kind == "ConvTranspose2d" else 0  # the axis of the outputs
    if layer.norm:
        scale, shift = _norm(builder, f"{layer.name}_norm")
        weight = weight * scale.reshape([-1 if axis == outputs else 1 for axis in range(weight.ndim)])
        bias = bias * scale + shift
    if layer.kind in ("Linear", "Gaussian"):
        _add_linear(builder, weight, bias, layer.activation)
        if layer.residual:
            builder.add("add", earlier=before)
        return
    # To (k, k, in, out): the innermost loop of the browser runs over the outputs of one pixel.
    order = (2, 3, 0, 1) if layer.kind == "ConvTranspose2d" else (2, 3, 1, 0)
    at, bias_at = builder.store(weight.transpose(order)), builder.store(bias)
    kind = "transposed" if layer.kind == "ConvTranspose2d" else "conv"
    size = {"from": hwc(shape), "to": hwc(layer.output_shape)}
    window = {"kernel": layer.kernel, "stride": layer.stride, "padding": layer.padding}
    builder.add(kind, **size, **window, at=at, bias=bias_at, activation=layer.activation)
    if layer.residual:
        builder.add("add", earlier=before)


def _add_linear(builder: Builder, weight: np.ndarray, bias: np.ndarray, activation: str) -> None:
    outputs, inputs = weight.shape
    at, bias_at = builder.store(weight), builder.store(bias)
    builder.add("linear", inputs=inputs, outputs=outputs, at=at, bias=bias_at, activation=activation)


def hwc(shape: Sequence[int]) -> list[int]:
    """The size of a map as the browser has it."""
    channels, height, width = shape
    return [height, width, channels]
