"""From a model's description to its layers: every size solved, every parameter counted, without torch.

The network is built from this plan and the layer table is printed from it, so that the two cannot disagree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from aecore.errors import MistakeError
from aecore.experiment import Model

MOST_PARAMETERS = 2_000_000_000
"""More than this (8 GB of float32 weights) is taken for a typing mistake."""


class Layer(NamedTuple):
    """One layer with weights: what it is, what comes out, how many parameters."""

    name: str
    kind: str
    inputs: int
    outputs: int
    activation: str

    @property
    def output_shape(self) -> tuple[int, ...]:
        return (self.outputs,)

    @property
    def parameters(self) -> int:
        """Weights and one bias an output."""
        return (self.inputs + 1) * self.outputs


@dataclass(frozen=True)
class Plan:
    """The layers of an autoencoder for images of `image_shape` (C, H, W)."""

    image_shape: tuple[int, int, int]
    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.encoder + self.decoder

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def code_size(self) -> int:
        return self.encoder[-1].outputs

    @property
    def compression(self) -> float:
        """Numbers in an image over numbers in its code."""
        return math.prod(self.image_shape) / self.code_size


def plan(model: Model, image_shape: tuple[int, int, int]) -> Plan:
    """Solve the layers of `model` for images (C, H, W). Raises `MistakeError` when it cannot fit in memory."""
    pixels = math.prod(image_shape)
    down = (pixels, *model.dense, model.bottleneck.size)
    mirrored = tuple(reversed(model.dense)) if model.decoder_dense is None else model.decoder_dense
    up = (model.bottleneck.size, *mirrored, pixels)
    solved = Plan(
        image_shape,
        _dense("encoder", down, model.activation, model.bottleneck.activation),
        _dense("decoder", up, model.activation, model.output),
    )
    if solved.parameters > MOST_PARAMETERS:
        raise MistakeError(
            f"model: {solved.parameters:,} parameters are more than this program builds "
            f"({MOST_PARAMETERS:,}); make the dense layers narrower"
        )
    return solved


def _dense(side: str, widths: tuple[int, ...], hidden: str, last: str) -> tuple[Layer, ...]:
    count = len(widths) - 1
    return tuple(
        Layer(f"{side}.linear{i + 1}", "Linear", widths[i], widths[i + 1], last if i == count - 1 else hidden)
        for i in range(count)
    )
