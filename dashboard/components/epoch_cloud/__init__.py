"""A point cloud over the epochs of a training, scrubbed and played in the browser: the places of all epochs are sent
once, with the losses and what the units of the code do.

The browser writes the epoch into the address; camera, colours and the pinned image stand after the # as those of any
cloud do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aecore.viewer import point_cloud as drawn
from dashboard.components.register import component, shared_style

HEIGHT = 480
_HERE = Path(__file__).parent
_component = component(
    "epochs",
    _HERE / "component.js",
    (_HERE / "component.html").read_text().replace("<!-- cloud -->", drawn.markup()),
    "".join([drawn.style(), shared_style("replayer"), (_HERE / "component.css").read_text()]),
)


def epoch_cloud(
    view: Mapping[str, Any],
    over: Mapping[str, Any],
    *,
    classes: Sequence[str],
    images: str,
    look: Mapping[str, str],
    file: str,
    start: float | None,
    visit: int,
    key: str,
) -> None:
    """Show the cloud `view` (`dashboard.components.point_cloud.ship.epochs_view`) with what stands below it, `over`
    (`aecore.viewer.epoch_cloud.below`).

    It starts at epoch `start`, by default the last, and returns there whenever `visit` changes. `look` may set
    `point`, `color` and `camera`, `images` and `file` are those of `dashboard.components.point_cloud.cloud`.
    """
    cloud = {
        "key": key,
        "views": [view],
        "classes": list(classes),
        "images": images,
        "address": True,
        "group": None,
        "start": dict(look),
        "height": HEIGHT,
        "file": file,
        "directs": False,
    }
    _component(
        key=key, data={"cloud": cloud, **over, "start": start, "visit": visit}, width="stretch", height="content"
    )
