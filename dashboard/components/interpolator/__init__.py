"""Interpolating through two images or more, or over a plane between four, and moving one along a direction: encoded,
decoded, classified and measured in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aecore.viewer.interpolation import interpolation_data
from aecore.viewer.networks import Shipped, floats
from dashboard.components.register import shared_component
from dashboard.interpolate.directions import Direction

_component = shared_component("interpolate", "interpolator")


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
    """Show the way through two images or more, float32 (K, C, H, W) on the [0, 1] scale, the plane of `side`²
    images between four, or one image moved along a `direction`, whose slider has the amount 0 in its middle.
    `labels` are the images' classes, -1 for none, which conditional models are told.

    The position, one number or two in [0, 1], starts at `place`, by default in the middle, and returns there whenever
    `visit` changes; the browser writes it into the address.
    """
    data = interpolation_data(
        shipped,
        images,
        names,
        classes,
        labels=labels,
        path=path,
        shares=shares,
        side=side,
        direction=None if direction is None else _sent(direction),
        place=place,
        visit=visit,
    )
    _component(key=key, data=data, width="stretch", height="content")


def _sent(direction: Direction) -> dict[str, Any]:
    return {
        "vector": floats(direction.vector),
        "reach": direction.reach,
        "unit": direction.unit,
        "quantity": direction.quantity,
        "read": direction.read,
        "sample": floats(direction.sample),
        "labels": direction.labels.tolist(),
        "sampled": direction.sampled,
    }
