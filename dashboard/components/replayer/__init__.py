"""Runs replayed epoch by epoch: all frames are sent once, and the browser scrubs them without asking again.

One slider drives one or two runs; images, loss curve and figures follow. Only the epoch at which it comes to rest
is told to Python, so that the address can name it.
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
    """Show one or two runs. Returns the epoch it rests at as a text, empty for the last, None before it was moved.

    It opens at epoch `start`, by default the last, and goes there again whenever `visit` changes. `shared` says
    that both runs show the same images, `one_noise` that these were made noisy alike.
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
