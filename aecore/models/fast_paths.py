"""The fast versions of a model's operations, each beside the plain one that it replaces.

`tests/unit/test_fast_paths.py` compares each pair; `python -m benchmarks.training` shows what they gain.

| fast                | plain                 | agreement                                   |
|---------------------|-----------------------|---------------------------------------------|
| `Linear`            | `nn.Linear`           | values and gradients to rounding            |
| `InPlaceSigmoid`    | `nn.Sigmoid`          | bit for bit                                 |
| `InPlaceTanh`       | `nn.Tanh`             | bit for bit                                 |
| `keep_mask`         | `plain_keep_mask`     | the same distribution, probability to 2⁻¹⁶  |
| `squared_error`     | `plain_squared_error` | values and gradients to rounding            |
| `keep_freed_memory` | without calling it    | bit for bit                                 |

`aecore.models.subnormals` is another, for the whole process.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from aecore.data.shard import BatchShard

# --- Linear layers: a matrix product by oneDNN ---


class Linear(nn.Linear):
    """A linear layer that multiplies with oneDNN on the CPU, as a 1×1 convolution over the batch, unless it is `plain`.

    PyTorch's own float32 matrix product goes through MKL, which does not use AVX-512 on AMD processors; elsewhere it
    can be the faster of the two (`aecore.training.ways` finds out). Parameters and their names are those of
    `nn.Linear`.
    """

    plain = False

    def forward(self, input: Tensor) -> Tensor:
        """(B, inputs) to (B, outputs)."""
        return linear(input, self.weight, self.bias, self.plain)


def linear(input: Tensor, weight: Tensor, bias: Tensor, plain: bool = False) -> Tensor:
    """(B, inputs) to (B, outputs), with a weight (outputs, inputs) and a bias (outputs,)."""
    # In bfloat16 PyTorch multiplies with oneDNN by itself.
    plain = plain or input.device.type != "cpu" or input.dtype != torch.float32 or _GRADIENTS.of_gradients
    if plain or not torch.backends.mkldnn.is_available():
        return F.linear(input, weight, bias)
    return _ConvolvedRows.apply(input, weight, bias)  # type: ignore[no-any-return]


class _Gradients(threading.local):
    of_gradients = False


_GRADIENTS = _Gradients()


@contextlib.contextmanager
def gradients_of_gradients() -> Iterator[None]:
    """Inside the block layers take the plain way, which can be differentiated twice."""
    before, _GRADIENTS.of_gradients = _GRADIENTS.of_gradients, True
    try:
        yield
    finally:
        _GRADIENTS.of_gradients = before


class _ConvolvedRows(torch.autograd.Function):
    """A matrix product as a 1×1 convolution. As a function of its own its result is not a view, so activations may
    overwrite it without autograd copying the whole batch."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(values, weight)
        mapped = F.conv2d(_as_pixels(values), weight[:, :, None, None], bias)  # (1, outputs, B, 1)
        # What matmul itself does at its end: the same memory in another shape, and not a view to autograd.
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


# --- Activations: in place ---


class InPlaceSigmoid(nn.Module):
    """The sigmoid, written over its input; `nn.Sigmoid` cannot do that."""

    def forward(self, values: Tensor) -> Tensor:
        return torch.sigmoid_(values)


class InPlaceTanh(nn.Module):
    """The hyperbolic tangent, written over its input; `nn.Tanh` cannot do that."""

    def forward(self, values: Tensor) -> Tensor:
        return torch.tanh_(values)


# --- Dropout masks: 16 random bits a value ---


def keep_mask(like: Tensor, share: float, generator: torch.Generator | None, shard: BatchShard | None = None) -> Tensor:
    """1 with probability `share`, else 0, in the shape, type and memory order of `like`, which is on the CPU.

    Made from 16 random bits a value, which is seven times as fast as PyTorch's Bernoulli numbers and rounds `share` to
    a multiple of 2⁻¹⁶. Where `like` is a `shard` of a batch, the mask is drawn for the whole batch and its rows are
    returned, so that several processes together draw what one would.
    """
    count, begin = like.numel(), 0
    if shard is not None:
        count, begin = shard.of * like[0].numel(), shard.rows.start * like[0].numel()
    words = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None, generator=generator)
    bits = words.view(torch.int16)[begin : begin + like.numel()]  # uniform in [-2¹⁵, 2¹⁵)
    highest = min(max(round(share * 2**16), 1), 2**16) - 2**15 - 1  # fits 16 bits for every share
    mask = torch.empty_like(like)
    _in_memory_order(mask).copy_(bits <= highest)
    return mask


def plain_keep_mask(
    like: Tensor, share: float, generator: torch.Generator | None, shard: BatchShard | None = None
) -> Tensor:
    """The same from PyTorch's Bernoulli numbers, on any device."""
    if shard is None:
        return torch.empty_like(like).bernoulli_(share, generator=generator)
    order = torch.contiguous_format if like.is_contiguous() else torch.channels_last
    shape = (shard.of, *like.shape[1:])
    batch = torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=order)
    return batch.bernoulli_(share, generator=generator)[shard.rows]


def _in_memory_order(values: Tensor) -> Tensor:
    """A flat view of a tensor that is contiguous, with channels first or last."""
    return values.view(-1) if values.is_contiguous() else values.permute(0, 2, 3, 1).view(-1)


# --- The squared error: one array instead of three ---


def squared_error(output: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Mean or sum of (output - target)² over all elements, a scalar of float32 or more.

    A batch of report 000 takes 6 MB an array on a CPU, and each fresh one costs page faults: the difference is kept and
    its gradient is written over it. Both tensors have one shape and type. Differentiable once and in `output` only: the
    backward pass consumes what it saved.
    """
    divisor = output.numel() if reduction == "mean" else 1
    return _SquaredError.apply(output, target, divisor)  # type: ignore[no-any-return]


def plain_squared_error(output: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The same as PyTorch computes it, with a gradient in both and of any order."""
    wide = torch.promote_types(output.dtype, torch.float32)
    return F.mse_loss(output.to(wide), target.to(wide), reduction=reduction)


class _SquaredError(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, output: Tensor, target: Tensor, divisor: int) -> Tensor:
        difference = output - target
        ctx.save_for_backward(difference)
        ctx.divisor = divisor
        # A sum of a million squares needs more digits than bfloat16 has.
        flat = _flat(difference).to(torch.promote_types(difference.dtype, torch.float32))
        return torch.dot(flat, flat) / divisor

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor, None, None]:
        (difference,) = ctx.saved_tensors
        # Over the saved tensor: a step goes backward once, and nothing else holds it.
        return difference.mul_(gradients[0] * (2 / ctx.divisor)), None, None


def _flat(values: Tensor) -> Tensor:
    """All values in one row, in memory order where that needs no copy."""
    if values.is_contiguous():
        return values.view(-1)
    return values.permute(0, 2, 3, 1).reshape(-1) if values.dim() == 4 else values.reshape(-1)


# --- Memory: kept from step to step ---

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
KEPT_BYTES = 2**30


def keep_freed_memory() -> None:
    """Let the C library keep up to a gigabyte of freed memory, for the rest of the process.

    By default glibc returns a batch's arrays to the system at every step and takes them again page by page, which
    costs report 004's network a third of its time. Does nothing where the C library is another.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
        mallopt(option, KEPT_BYTES)
