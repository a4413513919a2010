"""The losses: squared error of the pixels, and for a VAE the KL divergence of its codes beside it.

On a CPU a batch of report 000 is 6 MB an array, and each fresh one costs page faults. So the squared error keeps a
single difference and writes its gradient over it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from aecore.config.sections import Training
from aecore.models.autoencoder import Autoencoder


class Loss(NamedTuple):
    """What is minimised, and the two parts it is made of; scalars. `kl` is None without a Gaussian bottleneck."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor | None


def loss_of(model: Autoencoder, images: Tensor, clean: Tensor, training: Training) -> Loss:
    """The loss of `model` for possibly noisy `images` whose clean originals are `clean`, both (B, C, H, W).

    mean: squared error averaged over all values, KL over all units and images; sum: both summed over the batch.
    The KL divergence of N(μ, σ²) from N(0, 1) is −½·(1 + log σ² − μ² − σ²) a unit (Kingma and Welling 2014,
    appendix B), weighted with `training.beta`. Differentiable once.
    """
    if not model.gaussian:
        error = squared_error(model(images), clean, training.reduction)
        return Loss(error, error, None)
    mean, log_variance = model.distribution(images)
    output = model.decode(model.sample(mean, log_variance))
    error = squared_error(output, clean, training.reduction)
    kl = kl_divergence(mean, log_variance)
    kl = kl.sum() if training.reduction == "sum" else kl.mean()
    return Loss(error + training.beta * kl, error, kl)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) of every unit and image, ≥ 0, of the shape of `mean`."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp())


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
    """All values in one line, in the order in which they lie in memory where that needs no copy."""
    if values.is_contiguous():
        return values.view(-1)
    return values.permute(0, 2, 3, 1).reshape(-1) if values.dim() == 4 else values.reshape(-1)


def squared_error(output: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Mean or sum of (output - target)² over all elements, a scalar of no less than float32.

    Both tensors have one shape and type. Differentiable once and in `output` only: the backward pass consumes what it
    saved.
    """
    divisor = output.numel() if reduction == "mean" else 1
    return _SquaredError.apply(output, target, divisor)  # type: ignore[no-any-return]
