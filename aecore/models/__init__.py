"""The networks, built from their description."""

from typing import TYPE_CHECKING

from aecore.models.architecture import plan
from aecore.models.layer import Layer, Plan

if TYPE_CHECKING:
    from aecore.models.autoencoder import Autoencoder
    from aecore.models.build import build
    from aecore.models.network import Network

__all__ = ["Autoencoder", "Layer", "Network", "Plan", "build", "plan"]


def __getattr__(name: str):
    # The plan needs no torch, so that pages with a layer table only need not import it.
    if name == "Autoencoder":
        from aecore.models.autoencoder import Autoencoder

        return Autoencoder
    if name == "build":
        from aecore.models.build import build

        return build
    if name == "Network":
        from aecore.models.network import Network

        return Network
    raise AttributeError(name)
