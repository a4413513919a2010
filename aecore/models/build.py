"""The network of a description."""

from __future__ import annotations

from aecore.config.model import Model
from aecore.models.autoencoder import Autoencoder
from aecore.models.network import Network
from aecore.models.restorer import Restorer


def build(model: Model, image_shape: tuple[int, int, int], seed: int = 0) -> Network:
    """The network that `model` describes for images (C, H, W), initialised from `seed`. Raises `UserError` for one that
    cannot be built."""
    return (Autoencoder if model.has_code else Restorer)(model, image_shape, seed)
