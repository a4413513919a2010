"""What all networks have in common: their plan, the range of their images, random numbers and copies."""

from __future__ import annotations

import copy
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from aecore.config.model import Model
from aecore.errors import UserError
from aecore.models.architecture import plan
from aecore.models.condition import NOTHING, UNKNOWN, Condition
from aecore.models.layers import SHARED_BY_TWINS, arrange
from aecore.models.rng import ModelRng


class Network(nn.Module):
    """From images to images of the same shape, float (B, C, H, W) in the model's own range, [`low`, `high`].

    `from_bytes` and `to_unit` convert from uint8 and to the [0, 1] scale. An `Autoencoder` has a code; a `Restorer` has
    none, and its `encode` and `decode` say so.
    """

    gaussian = False
    """Whether codes are sampled from a normal distribution: a VAE."""
    samples_always = False
    """Whether they are sampled outside of training too."""

    def __init__(self, model: Model, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.plan = plan(model, image_shape)
        self.low, self.high = model.value_range
        self.bernoulli = model.likelihood == "bernoulli"
        self.takes_levels = model.noise_level
        self.rng = ModelRng()
        self.channels_last = False

    @property
    def has_code(self) -> bool:
        """Whether two codes can be interpolated."""
        return self.plan.has_code

    @property
    def conditional(self) -> bool:
        """Whether it is told an image's class."""
        return self.plan.classes > 0

    def arrange(self, *, plain_linear: bool = False, channels_last: bool = True) -> None:
        """How the network computes, not what: linear layers as PyTorch's own or with oneDNN, and, where there are maps,
        their channels last in memory or first."""
        self.channels_last = channels_last and self.plan.map_shape is not None
        arrange(self, plain_linear, self.channels_last)

    def from_bytes(self, images: Tensor) -> Tensor:
        """uint8 images to float ones in the model's range."""
        return images.float().div_(255 / (self.high - self.low)).add_(self.low)

    def to_unit(self, images: Tensor) -> Tensor:
        """Images in the model's range to the [0, 1] scale; values are not clamped."""
        return images if self.low == 0 else (images - self.low) / (self.high - self.low)

    @property
    def dtype(self) -> torch.dtype:
        """The type of its weights and outputs."""
        return next(self.parameters()).dtype

    def twin(self, dtype: torch.dtype) -> Self:
        """The same network with its weights in `dtype`, for arithmetic in that type.

        Batch normalisations and a codebook stay in float32 and are shared with this network, like its random numbers;
        all other weights are copies, in the order of `parameters()`.
        """
        shared: dict[int, object] = {id(self.rng): self.rng}
        shared |= {id(layer): layer for layer in self.modules() if isinstance(layer, SHARED_BY_TWINS)}
        twin = copy.deepcopy(self, shared)
        for layer in twin.modules():
            if not isinstance(layer, SHARED_BY_TWINS):
                for weights in layer.parameters(recurse=False):
                    weights.data = weights.data.to(dtype)
        return twin

    def encode(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Images (B, C, H, W) to codes (B, n). Raises `UserError` where there is none."""
        raise UserError("this network has no code")

    def distribution(self, images: Tensor, condition: Condition = NOTHING) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the code of each image, both (B, n), in float32 or more. For a Gaussian bottleneck
        only."""
        raise UserError("this network has no Gaussian code")

    def mean_codes(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Codes (B, n) without chance: of a Gaussian bottleneck the means. Raises `UserError` where there are none."""
        return self.distribution(images, condition)[0] if self.gaussian else self.encode(images, condition)

    def decode(self, codes: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Codes (B, n) to images (B, C, H, W). Raises `UserError` where there is none."""
        raise UserError("this network has no code")

    def forward(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Images to the network's outputs, both (B, C, H, W)."""
        raise NotImplementedError


def known_classes(model: Network, labels: np.ndarray | None) -> Tensor | None:
    """Labels uint8 (N,) as classes on the model's device, int64 (N,); None for a model that is not told any. Classes
    beyond those that it knows are unknown to it."""
    if not model.conditional or labels is None:
        return None
    known = np.where(labels < model.plan.classes, labels.astype(np.int64), UNKNOWN)
    return torch.from_numpy(known).to(next(model.parameters()).device)
