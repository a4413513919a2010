"""What the generator is sent: an image whose code is edited, its units, and what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aecore.viewer.networks import Shipped, floats, to_hwc
from aecore.viewer.units import Unit


class Told(NamedTuple):
    """What a conditional network is told: the class of the image, and that of which to decode; -1 for none."""

    label: int
    asked: int


class Places(NamedTuple):
    """A quantised code: channels, height and width of its map, and all vectors, float32 (K, channels)."""

    map: tuple[int, int, int]
    vectors: np.ndarray


def generation_data(
    shipped: Shipped,
    image: np.ndarray,
    units: Sequence[Unit],
    *,
    view: str,
    classes: Sequence[str],
    map_shape: Sequence[int] | None,
    vectors: np.ndarray,
    inks: Sequence[Sequence[float]],
    vector: Sequence[float] | None = None,
    visit: int = 0,
    told: Told | None = None,
    places: Places | None = None,
    filters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One `view` (units, random, traversal, filters or draw) of codes, starting with that of `image`, uint8 (C, H, W).

    `map_shape` (C, H, W) turns units into gains of channels; `vectors` (N, n) are the random codes; `inks` are the
    pen colours, in [0, 1]. The sliders start at `vector`, by default that of the image, and return there whenever
    `visit` changes. A quantised code has `places`, a network that is told classes has `told`; `filters` are those of
    their view (`Filters` in components/types.d.ts).
    """
    return {
        **shipped,
        "image": to_hwc(image[None].astype(np.float32) / np.float32(255)),
        "units": list(units),
        "view": view,
        "shape": list(image.shape),
        "classes": list(classes),
        "map": None if map_shape is None else list(map_shape),
        "random": floats(vectors),
        "vector": None if vector is None else list(vector),
        "told": told is not None,
        "label": told.label if told else -1,
        "asked": told.asked if told else -1,
        "places": None if places is None else {"map": list(places.map), "vectors": floats(places.vectors)},
        "filters": None if filters is None else dict(filters),
        "inks": [list(ink) for ink in inks],
        "visit": visit,
    }
