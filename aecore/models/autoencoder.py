"""The network itself: encoder, code, decoder, built from a plan."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from aecore.experiment import Model
from aecore.models.plan import Layer, plan


class _ConvolvedRows(torch.autograd.Function):
    """A matrix product as a 1×1 convolution; a function of its own so that its result is no view, and activations
    may write over it without autograd copying the whole batch."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(values, weight)
        mapped = nn.functional.conv2d(_as_pixels(values), weight[:, :, None, None], bias)  # (1, outputs, B, 1)
        # What matmul itself does at its end: the same memory in another shape, and no view to autograd.
        return torch.ops.aten._unsafe_view(mapped.permute(0, 2, 3, 1).contiguous(), [len(values), len(weight)])

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor, Tensor]:
        values, weight = ctx.saved_tensors
        by_values, by_weight, by_bias = torch.ops.aten.convolution_backward(
            _as_pixels(gradients[0]),
            _as_pixels(values),
            weight[:, :, None, None],
            [len(weight)],  # sizes of the bias, then stride, padding, dilation, transposed, output padding, groups
            *([1, 1], [0, 0], [1, 1], False, [0, 0], 1),
            [ctx.needs_input_grad[0], True, True],
        )
        if by_values is not None:
            by_values = by_values.permute(0, 2, 3, 1).reshape(values.shape)
        return by_values, by_weight[:, :, 0, 0], by_bias


def _as_pixels(rows: Tensor) -> Tensor:
    """(B, n) as an image of B pixels with n channels, (1, n, B, 1) channels last: the same memory."""
    return rows.contiguous().view(1, len(rows), 1, -1).permute(0, 3, 1, 2)


class _Linear(nn.Linear):
    """A linear layer that multiplies with oneDNN on the CPU, as a 1×1 convolution over the batch.

    PyTorch's own float32 matrix product goes through MKL, which does not use AVX-512 on AMD processors;
    `python -m benchmarks.training` shows what that is worth. Parameters, their names and, to rounding, the results
    are those of `nn.Linear`.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, inputs) to (B, outputs)."""
        if input.device.type != "cpu" or not torch.backends.mkldnn.is_available():
            return super().forward(input)
        return _ConvolvedRows.apply(input, self.weight, self.bias)  # type: ignore[no-any-return]


class _Sigmoid(nn.Module):
    """The sigmoid written over its input, which torch's own module cannot do."""

    def forward(self, values: Tensor) -> Tensor:
        return torch.sigmoid_(values)


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "selu": nn.SELU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": _Sigmoid,
}


class Autoencoder(nn.Module):
    """Encoder and decoder of dense layers around a code.

    Images are float (B, C, H, W) in [0, 1]; codes are float (B, n).
    """

    has_code = True
    """Whether two codes can be interpolated."""

    def __init__(self, model: Model, image_shape: tuple[int, int, int], seed: int = 0) -> None:
        """Weights are drawn on the CPU from `seed` alone, so that they are the same on every device."""
        super().__init__()
        self.plan = plan(model, image_shape)
        self.encoder = _stack(self.plan.encoder)
        self.decoder = _stack(self.plan.decoder)
        _initialise(self, model, torch.Generator().manual_seed(seed))

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) to codes (B, n)."""
        return self.encoder(images.flatten(1))  # (B, C, H, W) -> (B, C·H·W) -> (B, n)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (B, n) to images (B, C, H, W)."""
        return self.decoder(codes).unflatten(1, self.plan.image_shape)

    def forward(self, images: Tensor) -> Tensor:
        """Images to their reconstructions, both (B, C, H, W)."""
        return self.decode(self.encode(images))


def _stack(layers: tuple[Layer, ...]) -> nn.Sequential:
    stack = nn.Sequential()
    for layer in layers:
        name = layer.name.rpartition(".")[2]
        # Empty on purpose: torch's own start would draw from the global generator and be thrown away.
        linear = nn.utils.skip_init(_Linear, layer.inputs, layer.outputs)
        stack.add_module(name, linear)
        if layer.activation != "none":
            # In place: nothing else reads the linear output, and backward needs only the result.
            kind = ACTIVATIONS[layer.activation]
            module = kind(inplace=True) if kind in (nn.ReLU, nn.LeakyReLU, nn.SELU, nn.ELU) else kind()
            stack.add_module(f"{name}_{layer.activation.replace('-', '_')}", module)
    return stack


@torch.no_grad()
def _initialise(network: nn.Module, model: Model, generator: torch.Generator) -> None:
    for layer in network.modules():
        if not isinstance(layer, nn.Linear):
            continue
        if model.init == "xavier-uniform":  # Glorot and Bengio 2010: U(-a, a), a = sqrt(6 / (inputs + outputs))
            nn.init.xavier_uniform_(layer.weight, generator=generator)
        else:  # nn.Linear's own: U(-1/sqrt(inputs), 1/sqrt(inputs))
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
        if model.bias_init is not None:
            layer.bias.fill_(model.bias_init)
        else:
            bound = 1 / math.sqrt(layer.in_features)
            layer.bias.uniform_(-bound, bound, generator=generator)
