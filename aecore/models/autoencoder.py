"""The autoencoder as a network: encoder, code and decoder, built from a plan."""

from __future__ import annotations

import copy
import math
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecore.config.activation import slope
from aecore.config.model import Model
from aecore.models.architecture import plan
from aecore.models.batch_norm import BatchNorm1d, BatchNorm2d
from aecore.models.fast_paths import InPlaceSigmoid, InPlaceTanh, Linear
from aecore.models.layer import Layer
from aecore.models.rng import ModelRng

LayerKind = TypeVar("LayerKind", bound=nn.Module)


class Autoencoder(nn.Module):
    """An encoder and a decoder of convolutions, dense layers or both.

    Images are float (B, C, H, W) in the model's own range, [`low`, `high`]; codes are float (B, n), where
    the map of a convolution is flattened. `from_bytes` and `to_unit` convert from uint8 and to the [0, 1] scale.
    """

    has_code = True
    """Whether two codes can be interpolated."""

    def __init__(self, model: Model, image_shape: tuple[int, int, int], seed: int = 0) -> None:
        """Weights are initialised on the CPU from `seed` alone, so that they are the same on every device."""
        super().__init__()
        self.plan = plan(model, image_shape)
        self.low, self.high = model.value_range
        self.gaussian = model.variational
        self.samples_always = model.bottleneck.sample == "always"
        self.rng = ModelRng()
        self.takes_maps = self.plan.encoder[0].kind not in ("Linear", "Gaussian")
        self.encoder = _stack(self.plan.encoder, self.rng, self.low)
        self.decoder = _stack(self.plan.decoder, self.rng, self.low)
        _initialise(self, model, torch.Generator().manual_seed(seed))
        if self.plan.map_shape:
            # On a CPU convolutions are two to three times as fast with channels last.
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def from_bytes(self, images: Tensor) -> Tensor:
        """uint8 images to float ones in the model's range."""
        return images.float().div_(255 / (self.high - self.low)).add_(self.low)

    def to_unit(self, images: Tensor) -> Tensor:
        """Images in the model's range to the [0, 1] scale; values are not clamped."""
        return images if self.low == 0 else (images - self.low) / (self.high - self.low)

    @property
    def dtype(self) -> torch.dtype:
        """The type of its weights and outputs."""
        return next(self.decoder.parameters()).dtype

    def twin(self, dtype: torch.dtype) -> Autoencoder:
        """The same network with its weights in `dtype`, for arithmetic in that type.

        Batch normalisations stay in float32 and are shared with this network, like its random numbers; all other
        weights are copies, in the order of `parameters()`.
        """
        shared: dict[int, object] = {id(self.rng): self.rng}
        shared |= {id(layer): layer for layer in self.modules() if isinstance(layer, _NORMS)}
        twin = copy.deepcopy(self, shared)
        for layer in twin.modules():
            if not isinstance(layer, _NORMS):
                for weights in layer.parameters(recurse=False):
                    weights.data = weights.data.to(dtype)
        return twin

    def distribution(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the code of each image, both (B, n), in float32 or more. For a Gaussian bottleneck
        only."""
        both = self._encoded(images)
        return both.to(torch.promote_types(both.dtype, torch.float32)).chunk(2, dim=1)  # type: ignore[return-value]

    def _encoded(self, images: Tensor) -> Tensor:
        """The output of the encoder's last layer, (B, …)."""
        return self.encoder(images if self.takes_maps else images.flatten(1))  # dense: (B, C, H, W) -> (B, C·H·W)

    def sample(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Codes sampled from normal distributions by the reparameterisation of Kingma and Welling (2014); outside of
        training the mean itself, unless the model always samples."""
        if not (self.training or self.samples_always):
            return mean
        return mean + torch.exp(0.5 * log_variance) * self.rng.normal(mean)

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) to codes (B, n)."""
        if self.gaussian:
            return self.sample(*self.distribution(images))
        return self._encoded(images).flatten(1)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (B, n) to images (B, C, H, W)."""
        codes = codes.to(self.dtype)
        for name, module in self.decoder.named_children():
            if name == "conv1" and codes.ndim == 2:  # features or code (B, n) -> map (B, C, h, w), channels last
                assert self.plan.map_shape is not None
                codes = codes.unflatten(1, self.plan.map_shape).contiguous(memory_format=torch.channels_last)
            codes = module(codes)
        if codes.ndim == 2:
            return codes.unflatten(1, self.plan.image_shape)
        if self.plan.resized:
            codes = F.interpolate(codes, self.plan.image_shape[1:], mode="bilinear", align_corners=False)
        return codes

    def forward(self, images: Tensor) -> Tensor:
        """Images to their reconstructions, both (B, C, H, W)."""
        return self.decode(self.encode(images))


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


_NORMS = (BatchNorm1d, BatchNorm2d)


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


def _stack(layers: tuple[Layer, ...], rng: ModelRng, black: float) -> nn.Sequential:
    stack = nn.Sequential()
    before = ""
    for layer in layers:
        name = layer.name.rpartition(".")[2]
        if before == "Conv2d" and layer.kind in ("Linear", "Gaussian"):
            stack.add_module("flatten", nn.Flatten())
        before = layer.kind
        if not layer.weighted:
            stack.add_module(name, _bare(layer, rng, black))
            continue
        stack.add_module(name, _layer(layer))
        if layer.norm:
            kind = BatchNorm1d if layer.kind == "Linear" else BatchNorm2d
            stack.add_module(f"{name}_norm", kind(layer.outputs, rng))
        if layer.activation != "none":
            # In place: nothing else reads the layer's output, and backward needs only the result.
            word = layer.activation.partition(":")[0].replace("-", "_")
            stack.add_module(f"{name}_{word}", _activation(layer.activation))
        if layer.dropout:
            stack.add_module(f"{name}_dropout", _Dropout(layer.dropout, rng))
    return stack


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
def _initialise(network: nn.Module, model: Model, generator: torch.Generator) -> None:
    for layer in network.modules():
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
