"""The losses: how far the output is from the image, a VAE's KL divergence, and penalties on the code."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from aecore.config.sections import Training
from aecore.models.autoencoder import Autoencoder, Coded
from aecore.models.condition import NOTHING, Condition, one_hot
from aecore.models.fast_paths import gradients_of_gradients, plain_squared_error, squared_error
from aecore.models.network import Network

LOG_FLOOR = 1e-8
"""Added to an image's mean squared error before its logarithm is taken: one without noise has an error of 0."""


class Classes(NamedTuple):
    """The classes of a batch's images, int64 (B,), and how many classes there are in all."""

    of: Tensor
    many: int


class Loss(NamedTuple):
    """What is minimised, and the terms of its sum; scalars. `kl` is None without a Gaussian bottleneck, `penalty`
    without penalties on the code."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor | None
    penalty: Tensor | None = None

    def reported(self, beta: float) -> Tensor:
        """What curves show: the error and the KL divergence with its full weight, without penalties, which the test
        loss has not either."""
        return self.reconstruction if self.kl is None else self.reconstruction + beta * self.kl


def loss_of(
    model: Network,
    images: Tensor,
    clean: Tensor,
    training: Training,
    condition: Condition = NOTHING,
    warmth: Tensor | float = 1.0,
    classes: Classes | None = None,
) -> Loss:
    """The loss of `model` for possibly noisy `images` whose clean originals are `clean`, both (B, C, H, W).

    mean: error averaged over all values, KL over all units and images; sum: both summed over the batch. The error is
    squared, or the binary cross-entropy of a Bernoulli likelihood; where `training.error` is log-squared, the mean
    logarithm of each image's squared error is minimised in its place and `reconstruction` stays the error. The KL
    divergence of N(μ, σ²) from N(0, 1) is −½·(1 + log σ² − μ² − σ²) per unit (Kingma and Welling 2014, appendix B),
    weighted with `training.beta` and with `warmth`, which is below 1 while training warms up. `training.prototypical`
    counts where the images' `classes` are given, as in training; a trial of ways goes without. Differentiable once.
    """
    if not isinstance(model, Autoencoder):
        return Loss(*_squared(model(images, condition), clean, training), None)
    summed = training.reduction == "sum"
    if training.contractive:
        images = images.detach().requires_grad_()
        with gradients_of_gradients():
            coded = model.code(images, condition)
    else:
        coded = model.code(images, condition)
    total, error = _error(model, coded.codes, clean, training, condition)
    kl = None
    if coded.distribution is not None:
        by_unit = kl_divergence(*coded.distribution)
        kl = by_unit.sum() if summed else by_unit.mean()
        total = error + training.beta * warmth * _minimised(by_unit, kl, training)
    penalty = _penalty(model, images, coded, training, classes)
    return Loss(total if penalty is None else total + penalty, error, kl, penalty)


def _error(
    model: Autoencoder, codes: Tensor, clean: Tensor, training: Training, condition: Condition
) -> tuple[Tensor, Tensor]:
    if not model.bernoulli:
        return _squared(model.decode(codes, condition), clean, training)
    error = cross_entropy(model.decode(codes, condition, logits=True), clean, training.reduction)
    return error, error


def _squared(output: Tensor, clean: Tensor, training: Training) -> tuple[Tensor, Tensor]:
    """What is minimised, and the squared error."""
    if training.error == "squared":
        error = squared_error(output, clean, training.reduction)
        return error, error
    by_image = plain_squared_error(output, clean, "none").flatten(1).mean(1)
    return (by_image + LOG_FLOOR).log().mean(), by_image.detach().mean()


def cross_entropy(logits: Tensor, images: Tensor, reduction: str = "sum") -> Tensor:
    """−x ln p − (1−x) ln(1−p), in nats, of images x in [0, 1] under pixels that are white with probability p, whose
    logits these are; mean or sum over all values, in float32 or more."""
    wide = torch.promote_types(logits.dtype, torch.float32)
    return F.binary_cross_entropy_with_logits(logits.to(wide), images.to(wide), reduction=reduction)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) of every unit and image, ≥ 0, of the shape of `mean`."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp())


def _minimised(by_unit: Tensor, kl: Tensor, training: Training) -> Tensor:
    """The divergence that is minimised: that of a unit counts only where its mean over the batch is more than the free
    bits (Kingma et al. 2016)."""
    if not training.free_bits:
        return kl
    floored = by_unit.mean(0).clamp(min=training.free_bits)
    return floored.sum() * len(by_unit) if training.reduction == "sum" else floored.mean()


def _penalty(
    model: Autoencoder, images: Tensor, coded: Coded, training: Training, classes: Classes | None
) -> Tensor | None:
    """The weighted sum of the penalties on the code: a mean over the batch, or a sum over it."""
    found = [] if coded.commitment is None else [coded.commitment]
    count = len(images) if training.reduction == "sum" else 1
    if training.sparsity:
        found.append(training.sparsity * coded.codes.abs().mean())
    if training.contractive:
        found.append(training.contractive * jacobian_norm(model, images, coded.codes).mean())
    if training.prototypical and classes is not None:
        found.append(training.prototypical * prototypical(coded.codes, classes))
    return count * torch.stack(found).sum() if found else None


def prototypical(codes: Tensor, classes: Classes) -> Tensor:
    """The mean cross-entropy, in nats, of each code's class (Snell et al. 2017): the probabilities of the classes are
    the softmax of −‖z − c‖² for the means c of the codes (B, n) of each class in the batch."""
    codes = codes.float()
    members = one_hot(classes.of, classes.many, codes)
    sizes = members.sum(0)
    means = members.T @ codes / sizes.clamp(min=1)[:, None]
    nearness = 2 * codes @ means.T - means.square().sum(1)  # −‖z − c‖² without ‖z‖², which is the same for all classes
    return F.cross_entropy(nearness.masked_fill(sizes == 0, -torch.inf), classes.of)


def jacobian_norm(model: Autoencoder, images: Tensor, codes: Tensor) -> Tensor:
    """‖∂code/∂image‖² of each image (B,), the squared Frobenius norm (Rifai et al. 2011), which can be differentiated.

    `codes` were made of `images`, which require a gradient, inside of `gradients_of_gradients`. Exact for an encoder of
    one linear layer and its activation that is told no class and not quantised: the sum of f'(aⱼ)²·‖wⱼ‖² over the
    units. Else an unbiased estimate with one random vector of signs an image (Hutchinson 1989).
    """
    layers, solved = list(model.encoder.children()), model.plan
    given_more = model.keep or model.conditional or model.quantiser is not None
    if len(solved.encoder) == 1 and solved.encoder[0].kind == "Linear" and not given_more:
        weight: Tensor = layers[0].weight  # type: ignore[assignment]
        values = F.linear(images.flatten(1).detach(), weight, layers[0].bias)  # type: ignore[arg-type]
        with torch.enable_grad():
            after = values
            for layer in layers[1:]:
                after = layer(after.clone())
            (slopes,) = torch.autograd.grad(after.sum(), values, create_graph=True)
        return slopes.square() @ weight.square().sum(1)
    (pulled,) = torch.autograd.grad((codes * model.rng.signs(codes)).sum(), images, create_graph=True)
    return pulled.flatten(1).square().sum(1)
