"""What the interpolator is sent: images, the way between them, and where it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aecore.viewer.networks import Shipped, to_hwc


def interpolation_data(
    shipped: Shipped,
    images: np.ndarray,
    names: Sequence[str],
    classes: Sequence[str],
    *,
    labels: Sequence[int],
    path: str = "line",
    shares: Sequence[float],
    side: int = 0,
    direction: Mapping[str, Any] | None = None,
    place: Sequence[float] | None = None,
    visit: int = 0,
) -> dict[str, Any]:
    """The way through two images or more, float32 (K, C, H, W) on the [0, 1] scale, the plane of `side`² images
    between four, or one image moved along a `direction` (`DirectionData` in components/types.d.ts).

    `labels` are the images' classes, -1 for none, which conditional models are told. The position, one number or two
    in [0, 1], starts at `place`, by default in the middle, and returns there whenever `visit` changes.
    """
    return {
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
        "direction": None if direction is None else dict(direction),
        "place": None if place is None else list(place),
        "visit": visit,
    }
