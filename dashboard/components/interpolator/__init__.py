"""Walking between two images, or over a plane between four: the browser encodes, decodes and judges by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit.components.v2 as components

from dashboard.components.networks import COMMON_JS, Shipped, to_hwc

_FOLDER = Path(__file__).parent
PATH_JS = (_FOLDER / "path.js").read_text()
"""Defines `alongPath` and `onPlane`."""

_component = components.component(
    "interpolate",
    html=(_FOLDER / "interpolate.html").read_text(),
    css=(_FOLDER / "interpolate.css").read_text(),
    js="\n".join((COMMON_JS, PATH_JS, *((_FOLDER / name).read_text() for name in ("plot.js", "interpolate.js")))),
)


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
) -> str | None:
    """Show the way between two images, float32 (2, C, H, W) on the [0, 1] scale, or the plane of `side`² images
    between four.

    Returns where it rests as text, one share or two; None before it was moved. It opens at `place` and goes there
    again whenever `visit` changes.
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
    result = _component(
        key=key, data=data, default={"place": None}, on_place_change=lambda: None, width="stretch", height="content"
    )
    return result.place  # type: ignore[no-any-return]
