"""Points on the move, sent frame by frame: a message holds nothing but where they stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit.components.v2 as components

from aecore.viewer import point_cloud as drawn

_sender = components.component(
    "cloud-frames",
    html="<span></span>",
    css="\nspan { display: none; }\n",
    js=drawn.live_script() + (Path(__file__).parent / "frames.js").read_text(),
)


def send(channel: str, about: Mapping[str, Any], coordinates: bytes) -> None:
    """Send a frame to the clouds whose view has this channel: `text` and `share`, and with coordinates their `low` and
    `step`, as `aecore.viewer.point_cloud.quantised` makes them."""
    head = json.dumps({"channel": channel, **about}).encode()
    # Its key takes it out of the page's flow, as those of assets do.
    _sender(key="asset-frames", data=b"".join([len(head).to_bytes(4, "little"), head, coordinates]), width=1, height=1)
