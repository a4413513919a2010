"""What the browser needs to encode, decode and classify a run's images on its own: networks and codes.

`js/network.js` runs the networks; neither torch nor the image set is needed.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np
import safetensors.numpy

from aecore.latent.codes import Codes
from aecore.models import browser_export, digit_classifier
from aecore.runs.run import Run
from aecore.viewer.decoder import network_payload

MOST_PRODUCTS = 300_000_000
"""Larger networks take the browser more than a tenth of a second per image (`python -m benchmarks.networks`)."""
MOST_BYTES = 24_000_000


class Payload(NamedTuple):
    """`header` is JSON: `ops`, `image_shape` [C, H, W], `code_size`; `weights` are float32, little-endian."""

    header: dict[str, Any]
    weights: bytes

    def parts(self) -> dict[str, Any]:
        """As an asset."""
        return {"header": self.header, "weights": self.weights}


class Shipped(TypedDict):
    """Names of assets: networks have `header` and `weights`, codes have `codes`, `size`, `indices` and `labels`; None
    for what is missing."""

    encoder: str | None
    decoder: str | None
    reader: str | None
    codes: str | None


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


def codes_asset(codes: Codes | None) -> dict[str, Any] | None:
    """Codes float32 (N, size), with the numbers of their test images and their labels; None where none are saved."""
    if codes is None or codes.codes is None:
        return None
    return {
        "codes": codes.codes.astype("<f4").tobytes(),
        "size": codes.codes.shape[1],
        "indices": codes.indices.astype("<i4").tobytes(),
        "labels": codes.labels.tobytes(),
    }


def to_hwc(images: np.ndarray) -> str:
    """Images (N, C, H, W), [0, 1] scale, as base64 of float32, channels last, as the browser's networks expect them."""
    return floats(images.transpose(0, 2, 3, 1))


def floats(values: np.ndarray) -> str:
    """Numbers as base64 of float32."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()
