"""The autoencoder, built from its description."""

from typing import TYPE_CHECKING

from aecore.models.architecture import plan
from aecore.models.layer import Layer, Plan

if TYPE_CHECKING:
    from aecore.models.autoencoder import Autoencoder

__all__ = ["Autoencoder", "Layer", "Plan", "plan"]


def __getattr__(name: str):
    # The plan needs no torch, so that pages with a layer table only need not import it.
    if name == "Autoencoder":
        from aecore.models.autoencoder import Autoencoder

        return Autoencoder
    raise AttributeError(name)
