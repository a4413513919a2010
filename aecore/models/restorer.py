"""Networks without a code, which restore images: the DnCNN and the U-Net."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.config.model import Model
from aecore.errors import UserError
from aecore.models.condition import NOTHING, Condition, estimated_levels
from aecore.models.layers import initialise, stack
from aecore.models.network import Network


class Restorer(Network):
    """From a corrupted image to what is left of it when the network has done its work.

    A DnCNN subtracts what it takes for noise (Zhang et al. 2017), a U-Net (Ronneberger et al. 2015) gives the image, or
    with `residual` what to add to it. One that is given the noise level takes what its layers say in units of it: an
    image without noise comes out as it went in.
    """

    def __init__(self, model: Model, image_shape: tuple[int, int, int], seed: int = 0) -> None:
        """Weights are initialised on the CPU from `seed` alone, so that they are the same on every device."""
        super().__init__(model, image_shape)
        self.name = "U-Net" if model.kind == "unet" else "DnCNN"
        self.adds = model.kind == "dncnn" or model.residual
        self.body = stack(self.plan.body, self.rng, self.low)
        initialise(self, model, torch.Generator().manual_seed(seed))
        self.arrange()

    def encode(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        raise UserError(f"a {self.name} has no code")

    def decode(self, codes: Tensor, condition: Condition = NOTHING) -> Tensor:
        raise UserError(f"a {self.name} has no code to decode")

    def forward(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        """Corrupted images (B, C, H, W) to restored ones. Where the noise level is an input and not known, it is
        estimated from the images."""
        values, scale = images, None
        if self.takes_levels:
            levels = estimated_levels(images) if condition.levels is None else condition.levels
            scale = levels.to(images.dtype)[:, None, None, None]
            values = torch.cat([images, scale.expand(-1, 1, *images.shape[2:])], 1)
        output = self.body(values)
        if not self.adds:
            return output
        return images - (output if scale is None else output * scale)
