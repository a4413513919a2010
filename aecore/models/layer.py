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
    step by step also have layers without weights (see `aecore.models.written`) and Norm, a normalisation by itself.
    A U-Net has Resize, to another layer's size, and Concat. External is all of an encoder or decoder of another
    program."""
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
    residual: bool = False
    """Whether the layer's input is added to what comes out of it, at its very end."""
    tied_to: str = ""
    """The encoder's layer whose weights this one uses, those of a linear layer transposed; its biases are its own."""
    joined: str = ""
    """Of Concat, the layer whose output is put behind the channels."""

    @property
    def weighted(self) -> bool:
        """Whether it is a linear layer or a convolution."""
        return self.kind in ("Linear", "Gaussian", "Conv2d", "ConvTranspose2d")

    @property
    def parameters(self) -> int:
        """Weights, a bias for each output, and scale and shift of the normalisation."""
        if not self.weighted:
            return 2 * self.outputs if self.kind == "Norm" else 0
        if self.tied_to:
            return self.outputs + (2 * self.outputs if self.norm else 0)
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
    body: tuple[Layer, ...] = ()
    """All layers of a network without a code, which has neither encoder nor decoder."""
    classes: int = 0
    """The first layer of encoder and decoder has so many more inputs, of which the one of the image's class is 1."""
    codebook: tuple[int, int] = (0, 0)
    """Number of vectors in the codebook and their length, of a vector-quantised code."""
    levels: tuple[int, ...] = ()
    """Levels of each number of a place, of a code that is rounded."""
    keep: int = 0
    """So many numbers of a code are kept, the largest; 0 for all."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.encoder + self.decoder + self.body

    @property
    def has_code(self) -> bool:
        return not self.body

    @property
    def code_map(self) -> Shape:
        """The code as channels × height × width; a code that is no map has one place."""
        if not self.encoder:
            return (0, 0, 0)
        shape = self.encoder[-1].output_shape
        return shape if len(shape) == 3 else (shape[0], 1, 1)  # type: ignore[return-value]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def vectors(self) -> int:
        """How many vectors a place of a quantised code can be; 0 of any other code."""
        return math.prod(self.levels) if self.levels else self.codebook[0]

    @property
    def code_size(self) -> int:
        """How many numbers a code has; 0 without one."""
        return math.prod(self.code_map)

    @property
    def resized(self) -> bool:
        """Whether the output of the decoder's last layer differs from the image's size and is resized to it."""
        last = self.layers[-1].output_shape
        return len(last) == 3 and last != self.image_shape

    @property
    def compression(self) -> float:
        """Number of values of an image over that of its code; 1 without one."""
        if not self.code_size:
            return 1.0
        return math.prod(self.image_shape) / self.code_size
