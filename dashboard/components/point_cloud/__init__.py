"""Codes as rotatable point clouds, one or several side by side, drawn by `aecore/viewer/js/`.

Large data is sent once (`dashboard.components.assets`); rotating, colouring, pinning and selecting need no round trip
to the server. Only the pinned image is reported to Python, and two selections between which a direction is asked for.
Clouds of one component share camera, colours and pinned image, and so do components with the same `group`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aecore.viewer import point_cloud as drawn
from dashboard.components.register import component

HEIGHT = 640
_component = component("cloud", Path(__file__).with_name("component.js"), drawn.markup(), drawn.style())


def cloud(
    views: Sequence[Mapping[str, Any]],
    *,
    classes: Sequence[str],
    key: str,
    images: str = "",
    address: bool = False,
    group: str | None = None,
    start: Mapping[str, str] | None = None,
    height: int = HEIGHT,
    file: str = "latent-space",
    direct: Callable[[str, str], None] | None = None,
) -> int | None:
    """Show point clouds, each from `ship.view`. Returns the index of the pinned test image, if any.

    `images` names the image set: pinned and hidden points are kept as long as it stays the same. With `address`, the
    camera, the colours and the pinned image are kept in the page's address, after the #. `start` may set `point`,
    `color` and `camera` of the initial view. `file` is the name for images saved from it.
    `direct` is called with two selections of points, as `aecore.latent.directions.pack_points` writes them, when the
    direction from the first to the second is asked for.
    """
    data = {
        "key": key,
        "views": list(views),
        "classes": list(classes),
        "images": images,
        "address": address,
        "group": group,
        "start": dict(start or {}),
        "height": height,
        "file": file,
        "directs": direct is not None,
    }
    result = _component(
        key=key,
        data=data,
        default={"pinned": None},
        on_pinned_change=lambda: None,
        on_direction_change=lambda: None,
        width="stretch",
        height="content",
    )
    if direct is not None and result.direction is not None:
        direct(str(result.direction["start"]), str(result.direction["end"]))
    return result.pinned  # type: ignore[no-any-return]
