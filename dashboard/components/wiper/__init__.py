"""Two versions of the same images over one another, with a divider that is dragged."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aecore.viewer.networks import Shipped, to_hwc
from dashboard.components.register import component

_component = component("wiper", Path(__file__).with_name("component.js"))


@dataclass(frozen=True)
class Layer:
    """One version of the images: `images`, uint8 (N, C, H, W), or a network that makes it in the browser. `key` stands
    in the address; `marks` has a few words for each image, such as its score. `number` is the place of a run among
    those that are compared, from 0."""

    key: str
    name: str
    images: np.ndarray | None = None
    network: Shipped | None = None
    marks: Sequence[str] = ()
    number: int | None = None


def wiper(
    layers: Sequence[Layer],
    usual: tuple[str, str],
    clean: np.ndarray,
    shown: np.ndarray,
    names: Sequence[str],
    *,
    labels: np.ndarray | None = None,
    place: str | None,
    visit: int,
    key: str,
) -> None:
    """Show two of the layers, `usual` at first, left and right of a divider.

    `clean` uint8 (N, C, H, W) is what the error of a network's output is measured against, and `shown` float32
    (N, C, H, W) on the [0, 1] scale what networks are given, with `labels` (N,) those that are told classes.
    `place` is what a visit begins with, as the browser writes it into the address: the keys of both layers and the
    divider's position.
    """
    given = [
        {
            "key": layer.key,
            "name": layer.name,
            "number": layer.number,
            "images": None if layer.images is None else _bytes(layer.images),
            "encoder": layer.network and layer.network["encoder"],
            "decoder": layer.network and layer.network["decoder"],
            "marks": list(layer.marks),
        }
        for layer in layers
    ]
    data: dict[str, Any] = {
        "layers": given,
        "usual": list(usual),
        "clean": _bytes(clean),
        "shown": to_hwc(shown) if any(layer.network for layer in layers) else "",
        "names": list(names),
        "labels": [-1] * len(names) if labels is None else labels.tolist(),
        "shape": list(clean.shape[1:]),
        "place": place,
        "visit": visit,
    }
    _component(key=key, data=data, width="stretch", height="content")


def _bytes(images: np.ndarray) -> str:
    """Base64 of uint8, channels last."""
    return base64.b64encode(np.ascontiguousarray(images.transpose(0, 2, 3, 1)).tobytes()).decode()
