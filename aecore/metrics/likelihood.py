"""The likelihood of images under a variational autoencoder: bounds from below, in nats an image.

The importance-weighted bound with k samples, log 1/k Σ p(x, zᵢ) / q(zᵢ|x) (Burda, Grosse and Salakhutdinov 2016), lies
between the ELBO, which it is for k = 1, and log p(x), which it reaches as k grows. An image of [0, 1] numbers has
a density, not a probability: it may be above 0 nats, and compares only with others under the same observation model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from aecore.config.sections import Training
from aecore.metrics.precision import wide

SAMPLES = (1, 50, 5000)
_VALUES = 4_000_000
"""So many numbers of decoded images are held at once."""


class Observation(NamedTuple):
    """p(x|z): independent pixels, normal around the decoder's output with one standard deviation, or black and white
    with the decoder's probability."""

    name: str
    std: float = 0.0
    """On the scale of the model's own range; for the name `gaussian`."""

    def log_density(self, images: Tensor, output: Tensor) -> Tensor:
        """ln p(x|z) of images (…, D) under outputs (…, D), which for the name `bernoulli` are logits; (…,)."""
        if self.name == "bernoulli":
            logits = wide(output)
            pixels = images.to(logits).expand_as(logits)
            return -F.binary_cross_entropy_with_logits(logits, pixels, reduction="none").sum(-1)
        size = images.shape[-1]
        error = (output - images).square().sum(-1)
        return -error / (2 * self.std**2) - size / 2 * math.log(2 * math.pi * self.std**2)


def observation_of(training: Training, values: int, units: int) -> Observation | None:
    """The observation model that a VAE's loss implies, for images of `values` numbers and `units` code units.

    Minimising the squared error plus β KL is maximising the ELBO with a variance of β/2; with `reduction = "mean"` the
    error is divided by the values and the KL divergence by the units, which is a variance of β·values/(2·units). None
    where β is 0.
    """
    if not training.beta:
        return None
    ratio = values / units if training.reduction == "mean" else 1.0
    return Observation("gaussian", math.sqrt(training.beta * ratio / 2))


def bounds(
    images: Tensor,
    posterior: tuple[Tensor, Tensor],
    decode: Callable[[Tensor, int], Tensor],
    observation: Observation,
    samples: int,
    generator: torch.Generator,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[int, Tensor]:
    """Bounds on ln p(x) of every image, by the number of samples: those of `SAMPLES` that divide `samples`, and it.

    `images` are (N, D); `posterior` are mean and log-variance (N, n) of q(z|x); `decode` maps (B, n), codes
    of the image with that number, to (B, D). Of the same samples, groups of fewer are averaged, so that fewer samples
    have no other luck. Float64 (N,).
    """
    mean, log_variance = map(wide, posterior)
    found: dict[int, list[Tensor]] = {count: [] for count in (*SAMPLES, samples) if count and samples % count == 0}
    at_once = max(1, _VALUES // images.shape[1])
    for number in range(len(images)):
        center, spread = mean[number], (0.5 * log_variance[number]).exp()
        weights = []
        for start in range(0, samples, at_once):
            count = min(at_once, samples - start)
            noise = torch.randn(count, len(center), generator=generator, device=images.device, dtype=torch.float32)
            z = center + spread * wide(noise)
            output = decode(z.float().to(images.device), number)
            likelihood = wide(observation.log_density(images[number], output))
            # ln p(z) − ln q(z|x): the constants of the two normal densities are equal.
            ratio = 0.5 * (wide(noise).square() - z.square() + log_variance[number]).sum(1)
            weights.append(likelihood + ratio)
        whole = torch.cat(weights)
        for count, values in found.items():
            values.append((torch.logsumexp(whole.view(-1, count), 1) - math.log(count)).mean())
        progress(number + 1, len(images))
    return {count: torch.stack(values).cpu() for count, values in found.items()}
