"""Interpolating between two images, or over a plane between four, encoded, decoded and classified in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dashboard.components.networks import Shipped, to_hwc
from dashboard.components.register import component

_component = component("interpolate", Path(__file__).with_name("component.js"))


def walk(
    shipped: Shipped,
    images: np.ndarray,
    names: Sequence[str],
    classes: Sequence[str],
    *,
    path: str,
    shares: Sequence[float],
    side: int = 0,
    place: Sequence[float] | None,
    visit: int,
    key: str,
) -> None:
    """Show the interpolation between two images, float32 (2, C, H, W) on the [0, 1] scale, or the plane of `side`²
    images between four.

    The position, one number or two in [0, 1], starts at `place`, by default in the middle, and returns there whenever
    `visit` changes; the browser writes it into the address.
    """
    data = {
        **shipped,
        "ends": to_hwc(images),
        "names": list(names),
        "classes": list(classes),
        "shape": list(images.shape[1:]),
        "path": path,
        "shares": list(shares),
        "plane": side > 0,
        "side": side,
        "place": None if place is None else list(place),
        "visit": visit,
    }
    _component(key=key, data=data, width="stretch", height="content")
