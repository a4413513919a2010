"""The layers of a network: what a plan consists of."""

from __future__ import annotations

import math
from dataclasses import dataclass

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """One layer, with the normalisation, activation and dropout that follow it."""

    name: str
    kind: str
    """Linear, Gaussian (two linear layers: mean and log-variance), Conv2d or ConvTranspose2d. Networks that are written
    step by step also have layers without weights (see `aecore.models.written`) and Norm, a normalisation by itself."""
    inputs: int
    """Features or channels in."""
    outputs: int
    output_shape: tuple[int, ...]
    """(features,) or (C, H, W)."""
    activation: str = "none"
    kernel: int = 0
    stride: int = 1
    padding: int = 0
    output_padding: tuple[int, int] = (0, 0)
    norm: bool = False
    dropout: float = 0.0
    size: int = 0
    """Side of a pool, factor of an upsampling, pixels of a padding."""
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    """Of Normalise and Denormalise, one for all channels or one for each."""

    @property
    def weighted(self) -> bool:
        """Whether it is a linear layer or a convolution."""
        return self.kind in ("Linear", "Gaussian", "Conv2d", "ConvTranspose2d")

    @property
    def parameters(self) -> int:
        """Weights, a bias for each output, and scale and shift of the normalisation."""
        if not self.weighted:
            return 2 * self.outputs if self.kind == "Norm" else 0
        area = self.kernel**2 if self.kernel else 1
        weights = (self.inputs * area + 1) * self.outputs
        return weights * (2 if self.kind == "Gaussian" else 1) + (2 * self.outputs if self.norm else 0)


@dataclass(frozen=True)
class Plan:
    """The layers of an autoencoder for images of `image_shape` (C, H, W)."""

    image_shape: Shape
    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    map_shape: Shape | None
    """The last convolution's output, from which the decoder's convolutions start; None without convolutions."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.encoder + self.decoder

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def code_size(self) -> int:
        return math.prod(self.encoder[-1].output_shape)

    @property
    def resized(self) -> bool:
        """Whether the output of the decoder's last layer differs from the image's size and is resized to it."""
        return len(self.decoder[-1].output_shape) == 3 and self.decoder[-1].output_shape != self.image_shape

    @property
    def compression(self) -> float:
        """Number of values of an image over that of its code."""
        return math.prod(self.image_shape) / self.code_size
