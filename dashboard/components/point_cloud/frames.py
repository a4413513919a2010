"""Moving points, sent frame by frame: a message contains nothing but their coordinates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dashboard.components.register import HIDDEN, component

_sender = component("cloud-frames", Path(__file__).with_name("frames.js"), *HIDDEN)


def send(channel: str, about: Mapping[str, Any], coordinates: bytes) -> None:
    """Send a frame to the clouds whose view has this channel: `text` and `share`, and with coordinates their `low` and
    `step`, as `aecore.viewer.point_cloud.quantised` makes them."""
    head = json.dumps({"channel": channel, **about}).encode()
    # Its key takes it out of the page's layout, like those of assets.
    _sender(key="asset-frames", data=b"".join([len(head).to_bytes(4, "little"), head, coordinates]), width=1, height=1)
