"""The autoencoder as a network: encoder, code and decoder, built from a plan."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from aecore.config.model import Model
from aecore.models.condition import NOTHING, Condition, one_hot
from aecore.models.layers import initialise, stack
from aecore.models.network import Network
from aecore.models.quantise import Codebook, FiniteScalar


class Coded(NamedTuple):
    """A batch's codes (B, n), and what else the loss needs of them."""

    codes: Tensor
    distribution: tuple[Tensor, Tensor] | None = None
    """Mean and log-variance, (B, n) each, of a Gaussian code."""
    commitment: Tensor | None = None
    """What a codebook adds to the loss, a scalar."""


class Autoencoder(Network):
    """An encoder and a decoder of convolutions, dense layers or both.

    Images are float (B, C, H, W) in the model's own range, [`low`, `high`]; codes are float (B, n), where the map of a
    convolution is flattened. A conditional network is told the images' classes in a `Condition`, and takes those of
    which it is told nothing for images of any class.
    """

    def __init__(self, model: Model, image_shape: tuple[int, int, int], seed: int = 0) -> None:
        """Weights are initialised on the CPU from `seed` alone, so that they are the same on every device."""
        super().__init__(model, image_shape)
        self.gaussian = model.variational
        self.samples_always = model.bottleneck.sample == "always"
        self.keep = model.bottleneck.keep
        self.takes_maps = self.plan.encoder[0].kind not in ("Linear", "Gaussian")
        self.encoder = stack(self.plan.encoder, self.rng, self.low)
        tied = {f"encoder.{name}": layer for name, layer in self.encoder.named_children()} if model.tied else None
        self.decoder = stack(self.plan.decoder, self.rng, self.low, self.plan.map_shape, tied)
        self.quantiser = _quantiser(self, model)
        initialise(self, model, torch.Generator().manual_seed(seed))
        self.arrange()

    def distribution(self, images: Tensor, condition: Condition = NOTHING) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the code of each image, both (B, n), in float32 or more. For a Gaussian bottleneck
        only."""
        both = self._encoded(images, condition)
        return both.to(torch.promote_types(both.dtype, torch.float32)).chunk(2, dim=1)  # type: ignore[return-value]

    def _encoded(self, images: Tensor, condition: Condition) -> Tensor:
        """The output of the encoder's last layer, (B, …)."""
        values = images if self.takes_maps else images.flatten(1)  # dense: (B, C, H, W) -> (B, C·H·W)
        return self.encoder(self._with_class(values, condition))

    def _with_class(self, values: Tensor, condition: Condition) -> Tensor:
        """Features (B, n) or a map (B, C, h, w) with the class behind them, as numbers or as planes of 0 and 1."""
        if not self.conditional:
            return values
        given = one_hot(condition.classes, self.plan.classes, values)
        if values.dim() == 4:
            given = given[:, :, None, None].expand(-1, -1, *values.shape[2:])
        return torch.cat([values, given], 1)

    def sample(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Codes sampled from normal distributions by the reparameterisation of Kingma and Welling (2014); outside of
        training the mean itself, unless the model always samples."""
        if not (self.training or self.samples_always):
            return mean
        return mean + torch.exp(0.5 * log_variance) * self.rng.normal(mean)

    def code(self, images: Tensor, condition: Condition = NOTHING) -> Coded:
        """Images (B, C, H, W) to codes, with what the loss needs of them."""
        if self.gaussian:
            both = self.distribution(images, condition)
            return Coded(self.sample(*both), both)
        values, commitment = self._encoded(images, condition), None
        if self.quantiser is not None:
            values, commitment = self.quantiser(values)
        values = values.flatten(1)
        return Coded(_largest(values, self.keep) if self.keep else values, None, commitment)

    def encode(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Images (B, C, H, W) to codes (B, n)."""
        return self.code(images, condition).codes

    def indices(self, codes: Tensor) -> Tensor:
        """Of quantised codes (B, n) the number of the vector at each place, int64 (B, h, w)."""
        assert self.quantiser is not None
        return self.quantiser.indices(codes.unflatten(1, self.plan.code_map))

    def decode(self, codes: Tensor, condition: Condition = NOTHING, *, logits: bool = False) -> Tensor:
        """Codes (B, n) to images (B, C, H, W); with `logits` to what the last sigmoid would be given."""
        images = self.decoder(self._with_class(codes.to(self.dtype), condition), logits=logits)
        if images.ndim == 2:
            return images.unflatten(1, self.plan.image_shape)
        if self.plan.resized:
            images = F.interpolate(images, self.plan.image_shape[1:], mode="bilinear", align_corners=False)
        return images

    def forward(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Images to their reconstructions, both (B, C, H, W)."""
        return self.decode(self.encode(images, condition), condition)


def _quantiser(network: Autoencoder, model: Model) -> FiniteScalar | Codebook | None:
    if model.bottleneck.quantise == "fsq":
        return FiniteScalar(model.bottleneck.levels)
    if model.bottleneck.quantise == "vq":
        return Codebook(*network.plan.codebook, network.rng)
    return None


def _largest(codes: Tensor, count: int) -> Tensor:
    """Codes (B, n) with all but the `count` largest numbers of each set to 0."""
    if count >= codes.shape[1]:
        return codes
    kept = codes.topk(count, dim=1).indices
    return torch.zeros_like(codes).scatter(1, kept, codes.gather(1, kept))
