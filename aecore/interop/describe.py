"""A network that was found as settings of an experiment, and its weights under the names of our own model."""

from __future__ import annotations

import difflib
import re
from typing import Any

import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.config.steps import Step, parse_step
from aecore.errors import UserError
from aecore.interop.functions import Network
from aecore.interop.parts import Part, Skeleton
from aecore.models.architecture import plan
from aecore.models.layer import Layer, Plan, Shape

WRITTEN_ONLY = {"model.dense": list(Experiment().model.dense)}
"""What an experiment has beside `model.encoder` and `model.decoder`: the defaults."""


def settings_of(net: Network, shape: Shape) -> dict[str, Any]:
    """The settings of the model by dotted key: convolutions, widths and bottleneck where these describe the network,
    else its steps."""
    written = {
        **WRITTEN_ONLY,
        "model.encoder": list(net.encoder),
        "model.decoder": list(net.decoder),
        "model.range": "symmetric" if net.symmetric else "unit",
    }
    solved = plan(Experiment().changed(written).model, shape)
    described = _described(net)
    if described is not None:
        try:
            simple = plan(Experiment().changed(described).model, shape)
        except UserError:
            return written
        if not simple.resized and _weighted(simple) == _weighted(solved) and len(solved.layers) == _expected(solved):
            return described
    return written


def _weighted(solved: Plan) -> list[tuple]:
    found = []
    for layer in solved.layers:
        if layer.weighted:
            more = layer.output_padding if layer.kind == "ConvTranspose2d" else (0, 0)
            window = (layer.kernel, layer.stride, layer.padding, more)
            found.append((layer.kind, layer.inputs, layer.output_shape, layer.activation, *window, layer.norm))
    return found


def _expected(solved: Plan) -> int:
    """The number of layers of a network that has weighted ones only, apart from changes of shape."""
    return sum(layer.weighted or layer.kind in ("Flatten", "Map") for layer in solved.layers)


def _described(net: Network) -> dict[str, Any] | None:
    """The settings that may describe the network; None where its steps are of other kinds."""
    encoder, decoder = ([parse_step(text) for text in side] for side in (net.encoder, net.decoder))
    usual = {"conv", "transposed", "linear", "gaussian", "norm", "activation", "map"}
    if any(step.kind not in usual for step in (*encoder, *decoder)) or any(step.kind == "conv" for step in decoder):
        return None
    convs = [step for step in encoder if step.kind == "conv"]
    dense = [step.size for step in encoder if step.kind == "linear"]
    gaussian = encoder[-1].kind == "gaussian"
    inner = _activations(encoder, decoder)
    settings: dict[str, Any] = {
        "model.conv": [_conv(step) for step in convs],
        "model.range": "symmetric" if net.symmetric else "unit",
        "model.norm": "batch" if any(step.kind == "norm" for step in (*encoder, *decoder)) else "none",
        "model.activation": inner,
        "model.output": decoder[-1].activation or "none",
    }
    back = [step.size for step in decoder if step.kind == "linear"]
    if gaussian or dense:
        size = encoder[-1].size if gaussian else dense.pop()
        settings |= {
            "model.dense": dense,
            "model.bottleneck.kind": "gaussian" if gaussian else "dense",
            "model.bottleneck.size": size,
        }
        if not gaussian:
            settings["model.bottleneck.activation"] = encoder[-1].activation or "none"
        hidden = back[:-1]
        if hidden != dense[::-1]:
            settings["model.decoder_dense"] = hidden
    else:
        settings |= {"model.dense": [], "model.bottleneck.kind": "none"}
        if back:
            return None
    up = [step for step in decoder if step.kind == "transposed"]
    channels = [step.size for step in convs]
    mirrored = [(step.kernel, step.stride, step.padding) for step in reversed(convs)]
    if [(step.kernel, step.stride, step.padding) for step in up] != mirrored or [
        step.size for step in up[:-1]
    ] != channels[-2::-1]:
        settings["model.decoder_conv"] = [_conv(step) for step in up]
    return settings


def _conv(step: Step) -> str:
    return f"{step.size}k{step.kernel}s{step.stride}p{step.padding}"


def _activations(encoder: list[Step], decoder: list[Step]) -> str:
    """The first activation inside the network."""
    inside = [step.activation for step in (*encoder[:-1], *decoder[:-1]) if step.kind == "activation"]
    return inside[0] if inside else "none"


def weights_of(skeleton: Skeleton, solved: Plan) -> dict[str, Tensor]:
    """The weights under the names of the plan's own model, float32."""
    parts = iter(skeleton.parts)
    weights: dict[str, Tensor] = {}
    last: Part | None = None
    for layer in solved.layers:
        if layer.weighted:
            last = next(parts)
            if layer.kind == "Gaussian":
                assert skeleton.log_variance is not None
                weights |= _linear(f"{layer.name}.mean", last, layer.outputs)
                weights |= _linear(f"{layer.name}.log_variance", skeleton.log_variance, layer.outputs)
            else:
                weights |= _linear(layer.name, last, layer.outputs)
        if layer.norm or layer.kind == "Norm":
            assert last is not None
            weights |= _norm(layer, last)
    return weights


def _linear(name: str, part: Part, outputs: int) -> dict[str, Tensor]:
    bias = torch.zeros(outputs) if part.bias is None else part.bias.float().clone()
    return {f"{name}.weight": part.weight.float().contiguous().clone(), f"{name}.bias": bias}


def _norm(layer: Layer, part: Part) -> dict[str, Tensor]:
    assert part.norm is not None
    kept, width = part.norm.tensors, layer.outputs
    name = layer.name if layer.kind == "Norm" else f"{layer.name}_norm"
    defaults = {"weight": torch.ones(width), "bias": torch.zeros(width)}
    weights = {
        f"{name}.{key}": kept.get(key, defaults.get(key)).float().clone()  # type: ignore[union-attr]
        for key in ("weight", "bias", "running_mean", "running_var")
    }
    counted = kept.get("num_batches_tracked", torch.zeros((), dtype=torch.int64))
    return weights | {f"{name}.num_batches_tracked": counted.to(torch.int64).reshape(())}


def text_of(net: Network) -> str:
    """The network in one line: its steps from the image to the code and back."""
    inside = "images in [-1, 1]; " if net.symmetric else ""
    return f"{inside}{', '.join(net.encoder)} → {', '.join(net.decoder)}"


def difference_text(one: str, two: str) -> str:
    """Where the second of two such lines differs from the first, in words."""
    first, second = (re.split(r", | → |; ", text) for text in (one, two))
    parts = []
    for kind, a, b, c, d in difflib.SequenceMatcher(a=first, b=second, autojunk=False).get_opcodes():
        old, new = ", ".join(first[a:b]), ", ".join(second[c:d])
        if kind == "replace":
            parts.append(f"{new} in place of {old}")
        elif kind == "insert":
            parts.append(f"{new} added")
        elif kind == "delete":
            parts.append(f"no {old}")
    return "; ".join(dict.fromkeys(parts)) or "the same steps"
