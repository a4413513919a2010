"""A run's networks for the browser, where they respond without a round trip to the server, kept."""

from __future__ import annotations

from typing import Literal

from aecore.runs.run import WEIGHTS, Run
from aecore.viewer import networks
from aecore.viewer.networks import Payload
from dashboard.cache.keyed import keyed_on


@keyed_on((WEIGHTS,))
def payload(run: Run, side: Literal["encoder", "decoder"] = "decoder") -> Payload | None:
    """The run's decoder (or encoder) for the browser; None if it is too large, or another program's.

    Raises `DamagedError` when the weights cannot be read, `AecoreError` when they do not fit the model.
    """
    return networks.payload(run, side)
