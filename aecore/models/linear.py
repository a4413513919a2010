"""A linear layer that is fast on every CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


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


class Linear(nn.Linear):
    """A linear layer that multiplies with oneDNN on the CPU, as a 1×1 convolution over the batch.

    PyTorch's own float32 matrix product goes through MKL, which does not use AVX-512 on AMD processors;
    `python -m benchmarks.training` shows what that is worth. Parameters, their names and, to rounding, the results
    are those of `nn.Linear`.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, inputs) to (B, outputs)."""
        # In bfloat16 PyTorch multiplies with oneDNN by itself.
        plain = input.device.type != "cpu" or input.dtype != torch.float32
        if plain or not torch.backends.mkldnn.is_available():
            return super().forward(input)
        return _ConvolvedRows.apply(input, self.weight, self.bias)  # type: ignore[no-any-return]
