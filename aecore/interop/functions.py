"""From one reading of a checkpoint and the functions that shapes don't tell to a network, written step by step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from aecore.config.activation import slope
from aecore.config.steps import Step, parse_step
from aecore.interop.geometry import Geometry
from aecore.interop.parts import Part, Skeleton
from aecore.models.layer import Shape

INNER = (
    "relu",
    "leaky-relu:0.2",
    "leaky-relu",
    "elu",
    "tanh",
    "sigmoid",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "mish",
    "relu6",
    "leaky-relu:0.1",
    "none",
)
"""Activations of hidden layers, the most usual first."""
OUTPUTS = ("sigmoid", "none", "tanh", "relu")

_GREY = {"mnist": "0.1307/0.3081", "fashion-mnist": "0.286/0.353"}
_COLOUR = {
    "imagenet": "0.485,0.456,0.406/0.229,0.224,0.225",
    "cifar10": "0.4914,0.4822,0.4465/0.247,0.2435,0.2616",
    "cifar10 (b)": "0.4914,0.4822,0.4465/0.2023,0.1994,0.201",
}
NORMALISATIONS = {1: tuple(_GREY.values()), 3: tuple(_COLOUR.values())}
"""By the number of channels, as mean/standard deviation."""


class Scale(NamedTuple):
    """How images are scaled before the network and after it: `unit`, `symmetric` or a normalisation's numbers."""

    inside: str
    outside: str

    @property
    def text(self) -> str:
        if self.inside == self.outside:
            return f"images {_range_name(self.inside)}"
        return f"images {_range_name(self.inside)}, output {_range_name(self.outside)}"


def _range_name(scale: str) -> str:
    return {"unit": "in [0, 1]", "symmetric": "in [-1, 1]"}.get(scale, f"normalised by {scale}")


def scales(channels: int) -> list[Scale]:
    """The scalings to try, the most usual first."""
    more = list(_GREY.values()) if channels == 1 else list(_COLOUR.values())
    names = ["unit", "symmetric", *more]
    return [Scale(name, name) for name in names] + [Scale(name, "unit") for name in names[1:]]


_UNIT = Scale("unit", "unit")


@dataclass(frozen=True)
class Functions:
    """What a state dict does not say about a network, apart from the sizes of its maps."""

    scale: Scale = _UNIT
    output: str = "sigmoid"
    encoder: str = "relu"
    decoder: str = "relu"
    code: str = "none"
    """On the code itself."""
    off: frozenset[int] = frozenset()
    """Hidden layers without an activation, by their number among all layers."""
    norm_after: tuple[bool, bool] = (False, False)
    """Whether normalisations come after the activation, in the encoder and in the decoder."""
    bilinear: bool = False
    average: bool = False
    """Whether pools take the mean, not the maximum."""


_RARE = {"relu": 0.0, "leaky-relu:0.2": 0.25, "leaky-relu": 0.25, "none": 1.0}


def rarity(chosen: Functions) -> float:
    """How unusual a choice of functions is: 0 for ReLU inside, a sigmoid at the end and images in [0, 1]."""
    scale = chosen.scale
    cost = _RARE.get(chosen.encoder, 0.4)
    if chosen.decoder != chosen.encoder:
        cost += 0.6
    if chosen.code != "none":
        cost += 0.1 if chosen.code in (chosen.encoder, "sigmoid", "tanh") else 0.3
    if scale.inside != "unit":
        cost += 0.1 if scale.inside == "symmetric" else 0.3
    if scale.inside != scale.outside:
        cost += 0.5
    fitting = {"unit": "sigmoid", "symmetric": "tanh"}.get(scale.outside, "none")
    if chosen.output != fitting:
        cost += 0.15 if chosen.output == "none" else 0.3
    cost += 0.4 * len(chosen.off) + 0.2 * sum(chosen.norm_after) + 0.3 * chosen.bilinear + 0.4 * chosen.average
    return cost + 0.3 * (chosen.norm_after[0] != chosen.norm_after[1])


class Network(NamedTuple):
    """A network written step by step, with its layers in the order of its steps."""

    encoder: tuple[str, ...]
    decoder: tuple[str, ...]
    symmetric: bool
    """Whether images are in [-1, 1] inside."""
    encoder_parts: tuple[Part, ...]
    decoder_parts: tuple[Part, ...]


def network(skeleton: Skeleton, geometry: Geometry, chosen: Functions, shape: Shape) -> Network:
    """The network for images of `shape` (C, H, W)."""
    symmetric = chosen.scale == Scale("symmetric", "symmetric")
    encoder: list[str] = []
    if geometry.pad:
        encoder.append(f"{'pad' if geometry.pad > 0 else 'crop'} {abs(geometry.pad)}")
    if not symmetric and chosen.scale.inside != "unit":
        encoder.append(f"normalise {_numbers(chosen.scale.inside)}")
    windows = iter(geometry.encoder)
    count = len(skeleton.encoder)
    for number, part in enumerate(skeleton.encoder):
        code = number == count - 1
        window = next(windows) if part.kind != "linear" else None
        if part.kind == "linear":
            encoder.append(f"{'gaussian' if code and skeleton.variational else 'linear'} {part.outputs}")
        else:
            assert window is not None
            encoder.append(f"conv {part.outputs}k{part.kernel}s{window.stride}p{window.padding}")
        activation = chosen.code if code else "none" if number in chosen.off else chosen.encoder
        encoder += _then(part, activation, chosen.norm_after[0])
        if window is not None and window.pool:
            encoder.append(f"{'avg' if chosen.average else 'max'}-pool {window.pool}")
    decoder: list[str] = []
    windows = iter(geometry.decoder)
    mapped = False
    for number, part in enumerate(skeleton.decoder, start=count):
        last = number == len(skeleton.parts) - 1
        if part.kind == "linear":
            decoder.append(f"linear {part.outputs}")
        else:
            window = next(windows)
            if not mapped:
                assert geometry.map is not None
                decoder.append("map " + "x".join(map(str, geometry.map)))
                mapped = True
            if window.upsample:
                decoder.append(f"upsample{'-bilinear' if chosen.bilinear else ''} {window.upsample}")
            if part.kind == "conv":
                decoder.append(f"conv {part.outputs}k{part.kernel}s{window.stride}p{window.padding}")
            else:
                more = f"o{window.output_padding}" if window.output_padding else ""
                decoder.append(f"transposed {part.outputs}k{part.kernel}s{window.stride}p{window.padding}{more}")
        activation = chosen.output if last else "none" if number in chosen.off else chosen.decoder
        decoder += _then(part, activation, chosen.norm_after[1])
    rescaled = not symmetric and chosen.scale.outside != "unit"
    if (rescaled or geometry.pad) and not mapped:
        channels, height, width = shape
        decoder.append(f"map {channels}x{height + 2 * geometry.pad}x{width + 2 * geometry.pad}")
    if rescaled:
        decoder.append(f"denormalise {_numbers(chosen.scale.outside)}")
    if geometry.pad:
        decoder.append(f"{'crop' if geometry.pad > 0 else 'pad'} {abs(geometry.pad)}")
    return Network(tuple(encoder), tuple(decoder), symmetric, skeleton.encoder, skeleton.decoder)


def _numbers(scale: str) -> str:
    return "0.5/0.5" if scale == "symmetric" else scale


def _then(part: Part, activation: str, norm_after: bool) -> list[str]:
    """Normalisation and activation in their order; modules between layer and normalisation tell it where counted."""
    function = [] if activation == "none" else [activation]
    if part.norm is None:
        return function
    late = part.norm_gap > 0 if part.norm_gap is not None else norm_after
    return [*function, "norm"] if late else ["norm", *function]


# ---- running it ------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def reconstruct(net: Network, images: Tensor) -> Tensor:
    """What the network makes of images uint8 (N, C, H, W): float (N, C, H, W) on the [0, 1] scale.

    A plain version of what `Autoencoder` does, without building it: a search tries thousands of networks. Raises
    `RuntimeError` where the sizes of maps do not fit.
    """
    return decode(net, encode(net, images), images.shape)


@torch.inference_mode()
def encode(net: Network, images: Tensor) -> Tensor:
    """The codes of images uint8 (N, C, H, W), as rows (N, L)."""
    values = images.float() / 255
    if net.symmetric:
        values = values * 2 - 1
    return _run(net.encoder, net.encoder_parts, values, -1.0 if net.symmetric else 0.0).flatten(1)


@torch.inference_mode()
def decode(net: Network, codes: Tensor, shape: torch.Size) -> Tensor:
    """What the network makes of codes (N, L): float images of that shape (N, C, H, W) on the [0, 1] scale."""
    values = _run(net.decoder, net.decoder_parts, codes, -1.0 if net.symmetric else 0.0).reshape(shape)
    return values / 2 + 0.5 if net.symmetric else values


_parsed = cache(parse_step)


def _run(steps: tuple[str, ...], parts: tuple[Part, ...], values: Tensor, black: float) -> Tensor:
    left = iter(parts)
    last: Part | None = None
    for text in steps:
        step = _parsed(text)
        if step.kind in ("linear", "gaussian", "conv", "transposed"):
            last = next(left)
        values = _apply(step, last, values, black)
    return values


def _apply(step: Step, part: Part | None, values: Tensor, black: float) -> Tensor:
    match step.kind:
        case "linear" | "gaussian":
            assert part is not None
            return F.linear(values.flatten(1), part.weight, part.bias)
        case "conv":
            assert part is not None
            return F.conv2d(values, part.weight, part.bias, step.stride, step.padding)
        case "transposed":
            assert part is not None
            return F.conv_transpose2d(values, part.weight, part.bias, step.stride, step.padding, step.output_padding)
        case "norm":
            assert part is not None
            assert part.norm is not None
            kept = part.norm.tensors
            return F.batch_norm(
                values, kept["running_mean"], kept["running_var"], kept.get("weight"), kept.get("bias"), eps=1e-5
            )
        case "activation":
            return activate(step.activation, values)
        case "max-pool":
            return F.max_pool2d(values, step.size)
        case "avg-pool":
            return F.avg_pool2d(values, step.size)
        case "upsample":
            return F.interpolate(values, scale_factor=float(step.size))
        case "upsample-bilinear":
            return F.interpolate(values, scale_factor=float(step.size), mode="bilinear", align_corners=False)
        case "map":
            return values.unflatten(1, step.shape)
        case "pad":
            return F.pad(values, [step.size] * 4, value=black)
        case "crop":
            return values[:, :, step.size : -step.size, step.size : -step.size]
    mean, deviation = (torch.tensor(numbers)[:, None, None] for numbers in (step.mean, step.deviation))
    return (values - mean) / deviation if step.kind == "normalise" else values * deviation + mean


def activate(name: str, values: Tensor) -> Tensor:
    """An activation in its written form."""
    match name.partition(":")[0]:
        case "relu":
            return F.relu(values)
        case "leaky-relu":
            return F.leaky_relu(values, slope(name))
        case "elu":
            return F.elu(values)
        case "selu":
            return F.selu(values)
        case "gelu":
            return F.gelu(values)
        case "silu":
            return F.silu(values)
        case "mish":
            return F.mish(values)
        case "softplus":
            return F.softplus(values)
        case "relu6":
            return F.relu6(values)
        case "tanh":
            return torch.tanh(values)
        case "sigmoid":
            return torch.sigmoid(values)
    return values
