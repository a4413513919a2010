"""Interpolating between two images or over a plane between four, and moving one along a direction: encoded, decoded,
classified and measured in the browser."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.components.networks import Shipped, to_hwc
from dashboard.components.register import component
from dashboard.interpolate.directions import Direction

_component = component("interpolate", Path(__file__).with_name("component.js"))


def walk(
    shipped: Shipped,
    images: np.ndarray,
    names: Sequence[str],
    classes: Sequence[str],
    *,
    labels: Sequence[int],
    path: str = "line",
    shares: Sequence[float],
    side: int = 0,
    direction: Direction | None = None,
    place: Sequence[float] | None,
    visit: int,
    key: str,
) -> None:
    """Show the interpolation between two images, float32 (2, C, H, W) on the [0, 1] scale, the plane of `side`²
    images between four, or one image moved along a `direction`, whose slider has the amount 0 in its middle.
    `labels` are the images' classes, -1 for none, which conditional models are told.

    The position, one number or two in [0, 1], starts at `place`, by default in the middle, and returns there whenever
    `visit` changes; the browser writes it into the address.
    """
    data = {
        **shipped,
        "ends": to_hwc(images),
        "names": list(names),
        "classes": list(classes),
        "labels": list(labels),
        "shape": list(images.shape[1:]),
        "path": path,
        "shares": list(shares),
        "plane": side > 0,
        "side": side,
        "direction": None if direction is None else _sent(direction),
        "place": None if place is None else list(place),
        "visit": visit,
    }
    _component(key=key, data=data, width="stretch", height="content")


def _sent(direction: Direction) -> dict[str, Any]:
    return {
        "vector": _base64(direction.vector),
        "reach": direction.reach,
        "unit": direction.unit,
        "quantity": direction.quantity,
        "read": direction.read,
        "sample": _base64(direction.sample),
        "labels": direction.labels.tolist(),
        "sampled": direction.sampled,
    }


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()
