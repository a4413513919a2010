"""Batch normalisation across processes (Ioffe and Szegedy 2015).

Where each process sees a shard of a batch, mean and variance are those of the whole batch, and so are the gradients
through them. PyTorch's SyncBatchNorm does the same, but on GPUs only. With one process this is PyTorch's own layer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.autograd.function import once_differentiable

from aecore.models.rng import ModelRng


class BatchNorm1d(nn.BatchNorm1d):
    """Normalises each of n features of (B, n)."""

    def __init__(self, features: int, rng: ModelRng) -> None:
        super().__init__(features)
        self.rng = rng

    def forward(self, input: Tensor) -> Tensor:
        """The normalised values, of the same shape."""
        if not self.training or self.rng.shard is None:
            return super().forward(input)
        return _normalised(self, input, self.rng.shard.weight > 0)


class BatchNorm2d(nn.BatchNorm2d):
    """Normalises each of C channels of (B, C, H, W)."""

    def __init__(self, channels: int, rng: ModelRng) -> None:
        super().__init__(channels)
        self.rng = rng

    def forward(self, input: Tensor) -> Tensor:
        """The normalised values, of the same shape."""
        if not self.training or self.rng.shard is None:
            return super().forward(input)
        return _normalised(self, input, self.rng.shard.weight > 0)


def _normalised(layer: nn.BatchNorm1d | nn.BatchNorm2d, values: Tensor, counts: bool) -> Tensor:
    """`values` normalised over all processes; with `counts` false they do not contribute to the statistics."""
    assert layer.running_mean is not None
    assert layer.running_var is not None
    assert layer.num_batches_tracked is not None
    assert layer.momentum is not None
    output, mean, variance, count = _Shared.apply(values, layer.weight, layer.bias, layer.eps, counts)  # type: ignore[misc]
    with torch.no_grad():
        layer.num_batches_tracked.add_(1)
        layer.running_mean.lerp_(mean, layer.momentum)
        layer.running_var.lerp_(variance * (count / (count - 1)), layer.momentum)
    return output


class _Shared(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, values: Tensor, weight: Tensor, bias: Tensor, epsilon: float, counts: bool
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        long = values.float()
        mean, variance, count = _statistics(long, counts)
        scale = torch.rsqrt(variance + epsilon)
        unit = (long - _wide(mean, long)) * _wide(scale, long)
        output = (unit * _wide(weight, long) + _wide(bias, long)).to(values.dtype)
        ctx.save_for_backward(unit, weight, scale, count)
        ctx.counts = counts
        ctx.mark_non_differentiable(mean, variance, count)
        return output, mean, variance, count

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, None, None]:
        unit, weight, scale, count = ctx.saved_tensors
        long = gradients[0].float()
        own = torch.stack([_summed(long), _summed(long * unit)])  # (2, C): gradients of the bias and of the weight
        if not ctx.counts:
            dist.all_reduce(torch.zeros_like(own))
            return torch.zeros_like(gradients[0]), torch.zeros_like(weight), torch.zeros_like(weight), None, None
        total = own.clone()
        dist.all_reduce(total)
        by_mean, by_variance = total / count
        by_values = _wide(weight * scale, long) * (long - _wide(by_mean, long) - unit * _wide(by_variance, long))
        return by_values.to(gradients[0].dtype), own[1], own[0], None, None


def _statistics(values: Tensor, counts: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance of each channel over all processes, (C), and the number of values in each channel, ()."""
    channels = values.shape[1]
    own = values.new_zeros(2 * channels + 1)
    if counts:
        mean = _summed(values) / (values.numel() / channels)
        own[:channels], own[channels:-1] = mean, _summed((values - _wide(mean, values)).square())
        own[-1] = values.numel() / channels
    all_own = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(all_own, own)
    means, squares, sizes = torch.stack(all_own).split([channels, channels, 1], dim=1)  # (W, C), (W, C), (W, 1)
    count = sizes.sum()
    mean = (sizes * means).sum(0) / count
    # Chan, Golub and LeVeque 1979: sums of squares about each process's mean combine without cancellation.
    variance = (squares + sizes * (means - mean).square()).sum(0) / count
    return mean, variance, count


def _summed(values: Tensor) -> Tensor:
    """Sums of each channel, (C)."""
    return values.sum([0, *range(2, values.dim())])


def _wide(per_channel: Tensor, like: Tensor) -> Tensor:
    """(C) in a shape that broadcasts with (B, C, …)."""
    return per_channel.view(1, -1, *[1] * (like.dim() - 2))
