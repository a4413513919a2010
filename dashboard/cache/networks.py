"""A run's networks for the browser, where they respond without a round trip to the server.

`aecore/viewer/js/network.js` runs them; neither torch nor the image set is needed.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple

import safetensors.numpy

from aecore.models import browser_export, digit_classifier
from aecore.runs.run import WEIGHTS, Run
from aecore.viewer.decoder import network_payload
from dashboard.cache.keyed import keyed_on

MOST_PRODUCTS = 300_000_000
"""Larger networks take the browser more than a tenth of a second per image (`python -m benchmarks.networks`)."""
MOST_BYTES = 24_000_000


class Payload(NamedTuple):
    """`header` is JSON: `ops`, `image_shape` [C, H, W], `code_size`; `weights` are float32, little-endian."""

    header: dict[str, Any]
    weights: bytes


@keyed_on((WEIGHTS,))
def payload(run: Run, side: Literal["encoder", "decoder"] = "decoder") -> Payload | None:
    """The run's decoder (or encoder) for the browser; None if it is too large, or another program's.

    Raises `DamagedError` when the weights cannot be read, `AecoreError` when they do not fit the model.
    """
    made = network_payload(run, side)
    if made is None or made.products > MOST_PRODUCTS or len(made.weights) > MOST_BYTES:
        return None
    return Payload(made.header, made.weights)


@cache
def reader() -> Payload:
    """The digit classifier: an image (28, 28, C) to ten scores."""
    made = browser_export.digit_classifier(safetensors.numpy.load_file(digit_classifier.WEIGHTS))
    return Payload({"ops": list(made.ops), "image_shape": [1, 28, 28], "code_size": 0}, made.weights.tobytes())
