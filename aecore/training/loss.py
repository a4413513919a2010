"""The losses: squared error of the pixels and, for a VAE, the KL divergence of its codes beside it."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from aecore.config.sections import Training
from aecore.models.autoencoder import Autoencoder
from aecore.models.fast_paths import squared_error


class Loss(NamedTuple):
    """What is minimised, and the two terms of its sum; scalars. `kl` is None without a Gaussian bottleneck."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor | None


def loss_of(model: Autoencoder, images: Tensor, clean: Tensor, training: Training) -> Loss:
    """The loss of `model` for possibly noisy `images` whose clean originals are `clean`, both (B, C, H, W).

    mean: squared error averaged over all values, KL over all units and images; sum: both summed over the batch.
    The KL divergence of N(μ, σ²) from N(0, 1) is −½·(1 + log σ² − μ² − σ²) per unit (Kingma and Welling 2014,
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
