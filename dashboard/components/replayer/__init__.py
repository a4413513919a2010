"""Runs replayed epoch by epoch: all frames are sent once, and scrubbing happens entirely in the browser.

One slider drives one or two runs; images, loss curve and metrics follow. Only the epoch at which it comes to rest is
reported to Python, for the address.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dashboard.components.register import component
from dashboard.replay.reel import Reel

_component = component("replay", Path(__file__).with_name("component.js"))


def replay(
    reels: Sequence[Reel],
    *,
    start: float | None,
    visit: int,
    key: str,
    shared: bool = False,
    one_noise: bool = False,
) -> str | None:
    """Show one or two runs. Returns the current epoch as text, empty for the last, None before it was moved.

    It starts at epoch `start`, by default the last, and returns there whenever `visit` changes. `shared` means that
    both runs have the same images, `one_noise` that these also have the same noise.
    """
    data = {"runs": list(reels), "shared": shared, "one_noise": one_noise, "start": start, "visit": visit}
    result = _component(
        key=key,
        data=data,
        default={"epoch": None},
        on_epoch_change=lambda: None,
        width="stretch",
        height="content",
    )
    return result.epoch  # type: ignore[no-any-return]
