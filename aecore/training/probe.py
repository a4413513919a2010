"""Measurements between epochs: losses on the test or validation images, how much outputs and codes vary, and how far
every layer has moved."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.data.corruption import corrupted
from aecore.latent.encode import CodeRange
from aecore.metrics.health import COLLAPSED_NATS, OutputSample
from aecore.models.autoencoder import Autoencoder
from aecore.models.condition import Condition
from aecore.models.digit_classifier.network import read_digits
from aecore.models.network import Network, known_classes
from aecore.training.loss import cross_entropy, kl_divergence

TEST_BATCH = 2048
TEST_NOISE_SEED = 10_001
"""The test noise of every epoch is the same, so that the curve shows the model and not chance."""
SAMPLE = 512
"""About so many outputs, evenly spaced over the images, say whether all are the same: a look at all of them would take
as long as a tenth of the pass."""
GREY_LEVEL = 1 / 255


@dataclass(frozen=True)
class Probed:
    """The measurements of one pass over images; the losses as training defines them."""

    loss: float
    reconstruction: float
    kl: float | None
    dead_units: int | None
    """None without a code."""
    active_units: int | None
    """Of a VAE: units whose means vary over the images by more than `ACTIVE_VARIANCE`."""
    code_std: np.ndarray
    wrong_digit_rate: float | None
    collapsed_units: int | None
    """Of a VAE: units with a mean KL divergence below `COLLAPSED_NATS`."""
    used_vectors: int | None
    """Of a quantised code: how many different vectors the images use."""
    output: OutputSample


@contextlib.contextmanager
def temporary_rng(model: Network, seed: int, device: torch.device) -> Iterator[None]:
    """Give the model another random sequence inside the block, so that measuring does not change its training."""
    before = model.rng.generator
    model.rng.seed(seed, device)
    try:
        yield
    finally:
        model.rng.generator = before


@torch.no_grad()
def probe(model: Network, images: Tensor, experiment: Experiment, labels: np.ndarray | None = None) -> Probed:
    """Pass uint8 images (N, C, H, W) through the model under the training corruption.

    `labels`, uint8 (N,), are what a conditional network is told; where the experiment counts wrong digits, the digit
    classifier reads the reconstructions, and `wrong_digit_rate` is the share that it reads as another digit.
    """
    model.eval()
    training, device = experiment.training, images.device
    generator = torch.Generator(device).manual_seed(TEST_NOISE_SEED)
    errors, codes, wrong = torch.zeros((), device=device), CodeRange(), 0
    divergences = torch.zeros(model.plan.code_size if model.gaussian else 0, device=device)
    quantiser = model.quantiser if isinstance(model, Autoencoder) else None
    used = torch.zeros(quantiser.size if quantiser else 0, dtype=torch.bool, device=device)
    every, sampled = max(1, len(images) // SAMPLE), []
    known = known_classes(model, labels)
    count_wrong = labels is not None and experiment.evaluation.wrong_digits
    with temporary_rng(model, TEST_NOISE_SEED + 1, device):
        for start in range(0, len(images), TEST_BATCH):
            rows = slice(start, start + TEST_BATCH)
            clean = model.from_bytes(images[rows])
            noisy, levels, _ = corrupted(clean, experiment.corruption, generator, model.low, model.high)
            condition = Condition(None if known is None else known[rows], levels)
            if isinstance(model, Autoencoder):
                coded = model.code(noisy, condition)
                if coded.distribution is not None:
                    divergences += kl_divergence(*coded.distribution).sum(0)
                codes.add(coded.codes if coded.distribution is None else coded.distribution[0])
                if quantiser:
                    used[model.indices(coded.codes).flatten()] = True
                output, error = _decoded(model, coded.codes, clean, condition)
            else:
                output = model(noisy, condition)
                error = (output - clean).square_().sum()
            sampled.append((clean[::every], output[::every].float()))
            errors += error
            if count_wrong and labels is not None:
                wrong += int(np.sum(read_digits(model.to_unit(output)) != labels[rows]))
    count, units = len(images), model.plan.code_size
    per_value = training.reduction == "mean"
    reconstruction = float(errors) / count / (images[0].numel() if per_value else 1)
    by_unit = (divergences / count).cpu().numpy()
    kl = float(by_unit.sum()) / (units if per_value else 1) if model.gaussian else None
    return Probed(
        loss=reconstruction + training.beta * (kl or 0.0),
        reconstruction=reconstruction,
        kl=kl,
        dead_units=codes.dead_units() if units else None,
        active_units=codes.active_units() if model.gaussian else None,
        code_std=codes.std() if units else np.zeros(0),
        wrong_digit_rate=wrong / count if count_wrong else None,
        collapsed_units=int((by_unit < COLLAPSED_NATS).sum()) if model.gaussian else None,
        used_vectors=int(used.sum()) if quantiser else None,
        output=_sample_of(*map(torch.cat, zip(*sampled, strict=True))),
    )


def _decoded(model: Autoencoder, codes: Tensor, clean: Tensor, condition: Condition) -> tuple[Tensor, Tensor]:
    """Outputs for codes (B, n), and their summed error."""
    if model.bernoulli:
        logits = model.decode(codes, condition, logits=True)
        return torch.sigmoid(logits), cross_entropy(logits, clean)
    output = model.decode(codes, condition)
    return output, (output - clean).square_().sum()


def _sample_of(clean: Tensor, output: Tensor) -> OutputSample:
    """Describe outputs and their clean images, both (N, C, H, W) in the model's range."""
    varied = [part.var(0, unbiased=False).mean() for part in (output, clean)]
    negative = (output < -GREY_LEVEL).float().mean()
    of_output, of_images, low, high, below = torch.stack([*varied, output.min(), output.max(), negative]).tolist()
    return OutputSample((of_output / of_images) ** 0.5 if of_images > 0 else None, low, high, below)


class LayerStats:
    """The size of every layer's weights and gradients, and how far an epoch has moved the weights."""

    def __init__(self, model: Network) -> None:
        self.model = model
        self.before = self._weights()

    def _weights(self) -> dict[str, Tensor]:
        return {
            name.removesuffix(".weight"): value.detach().clone()
            for name, value in self.model.named_parameters()
            if name.endswith(".weight") and value.dim() > 1
        }

    @torch.no_grad()
    def take(self) -> dict[str, dict[str, float]]:
        """Root mean squares by layer since the last call: `weight`, `gradient` (of the last step), `change`."""
        now = self._weights()
        names, rows = list(now), []
        gradients = {name.removesuffix(".weight"): value.grad for name, value in self.model.named_parameters()}
        for name in names:
            gradient = gradients[name]
            rows.append(
                torch.stack(
                    [
                        now[name].square().mean().sqrt(),
                        gradient.square().mean().sqrt() if gradient is not None else now[name].new_zeros(()),
                        (now[name] - self.before[name]).square().mean().sqrt(),
                    ]
                )
            )
        self.before = now
        values = torch.stack(rows).tolist()  # one read from the device
        keys = ("weight", "gradient", "change")
        return {name: dict(zip(keys, row, strict=True)) for name, row in zip(names, values, strict=True)}
