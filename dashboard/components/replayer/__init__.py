"""Runs replayed epoch by epoch: all frames are sent once, and scrubbing happens entirely in the browser.

One slider drives one or two runs; images, loss curve and metrics follow. The browser writes epoch and differences into
the address.
"""

from __future__ import annotations

from collections.abc import Sequence

from aecore.viewer.reel import Reel
from dashboard.components.register import shared_component

_component = shared_component("replay", "replayer")


def replay(
    reels: Sequence[Reel],
    *,
    start: float | None,
    difference: bool,
    visit: int,
    key: str,
    shared: bool = False,
    one_noise: bool = False,
) -> None:
    """Show one or two runs.

    It starts at epoch `start`, by default the last, with or without the `difference` from the clean images, and returns
    there whenever `visit` changes. `shared` means that both runs have the same images, `one_noise` that these also have
    the same noise.
    """
    data = {
        "runs": list(reels),
        "shared": shared,
        "one_noise": one_noise,
        "start": start,
        "difference": difference,
        "visit": visit,
    }
    _component(key=key, data=data, width="stretch", height="content")
