"""A run's networks and codes, sent to the browser once and shared by the components that decode there."""

from __future__ import annotations

import hashlib
from typing import Literal

from aecore.latent.codes import Codes
from aecore.models.digit_classifier import reads
from aecore.runs.run import CODES, WEIGHTS, Run
from aecore.viewer.networks import Shipped, codes_asset, reader
from dashboard.cache import networks
from dashboard.cache.keyed import signature
from dashboard.components.assets import ship


def ship_run(run: Run, codes: Codes | None) -> Shipped:
    """Send everything the browser needs to encode, decode and classify images of this run on its own."""
    stamp = signature(run, (WEIGHTS, CODES))
    return {
        "encoder": ship_network(run, "encoder"),
        "decoder": ship_network(run, "decoder"),
        "reader": _reader() if reads(run.experiment().data.name) else None,
        "codes": _codes(run, codes, stamp),
    }


def ship_network(run: Run, side: Literal["encoder", "decoder"]) -> str | None:
    """Send the run's `encoder` or `decoder`; None if it is too large for the browser."""
    made = networks.payload(run, side)
    if made is None:
        return None
    return ship(_name(side, run, signature(run, (WEIGHTS,))), **made.parts())


def _reader() -> str:
    return ship("reader", **reader().parts())


def _codes(run: Run, codes: Codes | None, stamp: tuple) -> str | None:
    made = codes_asset(codes)
    return None if made is None else ship(_name("codes", run, stamp), **made)


def _name(what: str, run: Run, stamp: tuple) -> str:
    return f"{what}-{hashlib.sha256(f'{run.path}{stamp}'.encode()).hexdigest()[:16]}"
