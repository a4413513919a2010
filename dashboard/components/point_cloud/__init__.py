"""Codes as clouds of points that turn under the hand: one or several side by side, drawn by `aecore/viewer/js/`.

All that is large is shipped once (`dashboard.components.assets`); turning, colouring, pinning and selecting never ask
the server. Only the pinned image is told to Python. Clouds of one component share camera, colours and pinned image,
and so do components with the same `group`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
) -> int | None:
    """Show clouds, each as `ship.view` makes it. Returns the number of the pinned test image, if any.

    `images` names the image set: what is pinned or hidden stays as long as that does. With `address` the camera, the
    colours and the pinned image stand in the page's address, behind the #. `start` may name `point`, `color` and
    `camera` for a first look. `file` is the name of a picture saved from it.
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
    }
    result = _component(
        key=key,
        data=data,
        default={"pinned": None},
        on_pinned_change=lambda: None,
        width="stretch",
        height="content",
    )
    return result.pinned  # type: ignore[no-any-return]
