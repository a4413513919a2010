"""A run's networks and codes, sent to the browser once and shared by the components that decode there."""

from __future__ import annotations

import base64
import hashlib
from typing import Literal, TypedDict

import numpy as np

from aecore.latent.codes import Codes
from aecore.models.digit_classifier import reads
from aecore.runs.run import CODES, WEIGHTS, Run
from dashboard.cache import networks
from dashboard.cache.keyed import signature
from dashboard.components.assets import ship


class Shipped(TypedDict):
    """Names of assets: networks have `header` and `weights`, codes have `codes`, `size`, `indices` and `labels`; None
    for what is missing."""

    encoder: str | None
    decoder: str | None
    reader: str | None
    codes: str | None


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
    return ship(_name(side, run, signature(run, (WEIGHTS,))), header=made.header, weights=made.weights)


def _reader() -> str:
    made = networks.reader()
    return ship("reader", header=made.header, weights=made.weights)


def _codes(run: Run, codes: Codes | None, stamp: tuple) -> str | None:
    if codes is None or codes.codes is None:
        return None
    return ship(
        _name("codes", run, stamp),
        codes=codes.codes.astype("<f4").tobytes(),
        size=codes.codes.shape[1],
        indices=codes.indices.astype("<i4").tobytes(),
        labels=codes.labels.tobytes(),
    )


def _name(what: str, run: Run, stamp: tuple) -> str:
    return f"{what}-{hashlib.sha256(f'{run.path}{stamp}'.encode()).hexdigest()[:16]}"


def to_hwc(images: np.ndarray) -> str:
    """Images (N, C, H, W), [0, 1] scale, as base64 of float32, channels last, as the browser's networks expect them."""
    return base64.b64encode(np.ascontiguousarray(images.transpose(0, 2, 3, 1), "<f4").tobytes()).decode()
