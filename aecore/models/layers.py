"""The layers of a plan as PyTorch modules, and the chain that runs them."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecore.config.activation import slope
from aecore.config.model import Model
from aecore.models.batch_norm import BatchNorm1d, BatchNorm2d
from aecore.models.fast_paths import InPlaceSigmoid, InPlaceTanh, Linear, linear
from aecore.models.layer import Layer, Shape
from aecore.models.quantise import Codebook
from aecore.models.rng import ModelRng

LayerKind = TypeVar("LayerKind", bound=nn.Module)


class Chain(nn.Sequential):
    """Modules one after the other, with the connections across that some layers have.

    The modules of a layer bear its name: its weights, then `_norm`, its activation and `_dropout`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.added: dict[str, str] = {}
        """The first module of a layer whose input is added to its output, by its last."""
        self.joined: dict[str, str] = {}
        """The last module of the layer whose output is put behind the channels, by the name of the `Concat`."""

    def forward(self, input: Tensor, *, logits: bool = False) -> Tensor:
        """The output of the last module; with `logits` of the one before it, a network's output without its sigmoid."""
        if not (self.added or self.joined or logits):
            return super().forward(input)
        modules = list(self.named_children())[: -1 if logits else None]
        begins, wanted, kept = set(self.added.values()), set(self.joined.values()), {}
        values = input
        for name, module in modules:
            if name in begins:
                kept[name] = values
            values = torch.cat([values, kept[self.joined[name]]], 1) if name in self.joined else module(values)
            if name in self.added:
                values = values + kept.pop(self.added[name])
            if name in wanted:
                kept[name] = values
        return values


class _Dropout(nn.Module):
    """Dropout (Srivastava et al. 2014) from the model's own random numbers; kept values are scaled up in training."""

    def __init__(self, rate: float, rng: ModelRng) -> None:
        super().__init__()
        self.rate, self.rng = rate, rng

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return values
        return values * self.rng.keep_mask(values, 1 - self.rate).div_(1 - self.rate)

    def extra_repr(self) -> str:
        return f"rate={self.rate}"


class _Gaussian(nn.Module):
    """Two linear layers side by side: mean and log-variance, (B, inputs) to (B, 2n)."""

    def __init__(self, inputs: int, size: int) -> None:
        super().__init__()
        self.mean = _uninitialised(Linear, inputs, size)
        self.log_variance = _uninitialised(Linear, inputs, size)

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([self.mean(features), self.log_variance(features)], dim=1)


class _Tied(nn.Module):
    """A layer with the weights of another, those of a linear layer transposed, and biases of its own."""

    plain = False
    """As of `Linear`."""

    def __init__(self, layer: Layer, other: nn.Module) -> None:
        super().__init__()
        self.other = (other,)  # not a child, whose weights it would count as its own
        self.bias = nn.Parameter(torch.zeros(layer.outputs))
        self.layer = layer

    def forward(self, values: Tensor) -> Tensor:
        weight: Tensor = self.other[0].weight  # type: ignore[assignment]
        if self.layer.kind == "Linear":
            return linear(values, weight.T, self.bias, self.plain)
        window = (self.layer.stride, self.layer.padding, self.layer.output_padding)
        return F.conv_transpose2d(values, weight, self.bias, *window)


class _ToMap(nn.Module):
    """A row of features (B, n) as a map (B, C, h, w), channels last unless `first`."""

    first = False

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, values: Tensor) -> Tensor:
        values = values.unflatten(1, self.shape)
        return values if self.first else values.contiguous(memory_format=torch.channels_last)


def arrange(network: nn.Module, plain_linear: bool, channels_last: bool) -> None:
    """Let a network's linear layers multiply as PyTorch's own do, or with oneDNN, and its maps lie in memory with the
    channels last or first. What it computes stays the same, to rounding."""
    for layer in network.modules():
        if isinstance(layer, (Linear, _Tied)):
            layer.plain = plain_linear
        elif isinstance(layer, _ToMap):
            layer.first = not channels_last
    order = torch.channels_last if channels_last else torch.contiguous_format
    network.to(memory_format=order)  # type: ignore[call-overload]


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "selu": nn.SELU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "relu6": nn.ReLU6,
    "tanh": InPlaceTanh,
    "sigmoid": InPlaceSigmoid,
}


SHARED_BY_TWINS: tuple[type[nn.Module], ...] = (BatchNorm1d, BatchNorm2d, Codebook)
"""Modules that stay in float32 where the rest of a network is in a narrower type."""


class _Affine(nn.Module):
    """x · scale + shift for each channel; not learned, and not in the state dict."""

    scale: Tensor
    shift: Tensor

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale[:, None, None], persistent=False)
        self.register_buffer("shift", shift[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return images * self.scale.to(images.dtype) + self.shift.to(images.dtype)


def stack(
    layers: tuple[Layer, ...],
    rng: ModelRng,
    black: float,
    map_shape: Shape | None = None,
    tied: dict[str, nn.Module] | None = None,
) -> Chain:
    """The layers as modules. `map_shape` is what a row of features becomes before a transposed convolution; `tied` has
    the layers whose weights others use, by their names in the plan."""
    chain = Chain()
    before = ""
    shape: tuple[int, ...] = ()
    last: dict[str, str] = {}
    """The name of a layer's last module."""
    for number, layer in enumerate(layers):
        name = layer.name.rpartition(".")[2]
        if before == "Conv2d" and layer.kind in ("Linear", "Gaussian"):
            chain.add_module("flatten", nn.Flatten())
        if layer.kind == "ConvTranspose2d" and map_shape and (number == 0 or len(shape) == 1):
            chain.add_module("to_map", _ToMap(map_shape))
        before, shape = layer.kind, layer.output_shape
        if not layer.weighted:
            chain.add_module(name, _bare(layer, rng, black))
            if layer.kind == "Concat":
                chain.joined[name] = last[layer.joined]
            last[layer.name] = name
            continue
        chain.add_module(name, _Tied(layer, tied[layer.tied_to]) if tied and layer.tied_to else _layer(layer))
        if layer.norm:
            kind = BatchNorm1d if layer.kind == "Linear" else BatchNorm2d
            chain.add_module(f"{name}_norm", kind(layer.outputs, rng))
        if layer.activation != "none":
            # In place: nothing else reads the layer's output, and backward needs only the result.
            word = layer.activation.partition(":")[0].replace("-", "_")
            chain.add_module(f"{name}_{word}", _activation(layer.activation))
        if layer.dropout:
            chain.add_module(f"{name}_dropout", _Dropout(layer.dropout, rng))
        last[layer.name] = next(reversed(chain._modules))
        if layer.residual:
            chain.added[last[layer.name]] = name
    return chain


def _activation(written: str) -> nn.Module:
    kind = ACTIVATIONS[written.partition(":")[0]]
    if kind is nn.LeakyReLU:
        return nn.LeakyReLU(slope(written), inplace=True)
    return kind(inplace=True) if kind in (nn.ReLU, nn.SELU, nn.ELU) else kind()


def _bare(layer: Layer, rng: ModelRng, black: float) -> nn.Module:
    """A layer of a written network that is neither linear nor a convolution."""
    match layer.kind:
        case "Norm":
            return (BatchNorm1d if len(layer.output_shape) == 1 else BatchNorm2d)(layer.outputs, rng)
        case "Activation":
            return _activation(layer.activation)
        case "Dropout":
            return _Dropout(layer.dropout, rng)
        case "Flatten":
            return nn.Flatten()
        case "Map":
            return nn.Unflatten(1, layer.output_shape)
        case "Resize":
            return nn.Upsample(size=layer.output_shape[1:])
        case "Concat":
            return nn.Identity()  # the chain joins
        case "MaxPool2d":
            return nn.MaxPool2d(layer.size)
        case "AvgPool2d":
            return nn.AvgPool2d(layer.size)
        case "Upsample":
            return nn.Upsample(scale_factor=layer.size)
        case "UpsampleBilinear":
            return nn.Upsample(scale_factor=layer.size, mode="bilinear", align_corners=False)
        case "Pad":
            return nn.ConstantPad2d(layer.size, black)
        case "Crop":
            return nn.ZeroPad2d(-layer.size)
    mean, deviation = torch.tensor(layer.mean), torch.tensor(layer.deviation)
    return _Affine(deviation, mean) if layer.kind == "Denormalise" else _Affine(1 / deviation, -mean / deviation)


def _uninitialised(kind: type[LayerKind], *sizes: int, **more: Any) -> LayerKind:
    """A layer whose weights are yet to be set: PyTorch's own initialisation would draw from the global generator.

    `nn.utils.skip_init` does the same, but loads SymPy and PyTorch's tracer for it: half a second of every process.
    """
    layer = kind(*sizes, device="meta", **more)
    for name, parameter in list(layer.named_parameters()):
        setattr(layer, name, nn.Parameter(torch.empty(parameter.shape)))
    return layer


def _layer(layer: Layer) -> nn.Module:
    if layer.kind == "Gaussian":
        return _Gaussian(layer.inputs, layer.outputs)
    if layer.kind == "Linear":
        return _uninitialised(Linear, layer.inputs, layer.outputs)
    sizes = {"kernel_size": layer.kernel, "stride": layer.stride, "padding": layer.padding}
    if layer.kind == "Conv2d":
        return _uninitialised(nn.Conv2d, layer.inputs, layer.outputs, **sizes)
    return _uninitialised(nn.ConvTranspose2d, layer.inputs, layer.outputs, **sizes, output_padding=layer.output_padding)


@torch.no_grad()
def initialise(network: nn.Module, model: Model, generator: torch.Generator) -> None:
    """Set all weights and biases from `generator`, in the order of the modules."""
    for layer in network.modules():
        if isinstance(layer, _Tied):
            layer.bias.fill_(model.bias_init or 0.0)
        if not isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            continue
        assert layer.bias is not None
        if model.init == "xavier-uniform":  # Glorot and Bengio 2010: U(-a, a), a = sqrt(6 / (inputs + outputs))
            nn.init.xavier_uniform_(layer.weight, generator=generator)
        else:  # torch's own for these layers: U(-1/sqrt(fan_in), 1/sqrt(fan_in))
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
        if model.bias_init is not None:
            layer.bias.fill_(model.bias_init)
        else:
            # PyTorch takes the second axis for the inputs, also of transposed convolutions.
            bound = 1 / math.sqrt(layer.weight[0].numel())
            layer.bias.uniform_(-bound, bound, generator=generator)
