"""The hosted demo: what a public server lets strangers do.

`AECORE_DEMO=1` makes it read-only; `AECORE_DEMO=train` allows short trainings on image sets that are there already.
Pages hide what is not allowed, and the functions that change the store ask here too: a hidden button is no lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container
from dataclasses import dataclass

from aecore.errors import UserError


@dataclass(frozen=True)
class Caps:
    """The most that a training on the demo may ask for."""

    epochs: int = 5
    train_images: int = 10_000
    parameters: int = 2_000_000
    waiting: int = 4
    """Runs that are queued or at work."""


CAPS = Caps()


def mode() -> str:
    """`""` outside of a demo, `"read-only"` or `"train"`. Any value but empty, 0 or train counts as read-only."""
    value = os.environ.get("AECORE_DEMO", "").strip().lower()
    if value in ("", "0", "false", "no", "off"):
        return ""
    return "train" if value == "train" else "read-only"


def refuse(what: str) -> None:
    """Raise `UserError` on a demo of either kind; `what` is the deed, as in "deleting runs"."""
    if mode():
        raise UserError(f"this is a public demo, {what} is switched off here; run the project on your own machine")


def check_data(name: str, ready: Callable[[str], bool], catalogue: Container[str]) -> None:
    """Raise `UserError` for a training on the demo that would read a path, or fetch images."""
    if mode() == "read-only":
        refuse("training")
    if mode() and not (name in catalogue and ready(name)):
        raise UserError(f"data.name: this public demo trains on image sets that it holds, and '{name}' is none")


def check_size(epochs: int, images: int, parameters: int, active: int) -> None:
    """Raise `UserError`, naming the cap, for a training that is more than the demo allows; `images` counts those
    that are trained on and those that are held out, `active` the runs that are queued or at work."""
    if not mode():
        return
    wanted = {
        "training.epochs": (epochs, CAPS.epochs, "epochs"),
        "data.train_images": (images, CAPS.train_images, "images, those held out included"),
        "model": (parameters, CAPS.parameters, "parameters"),
    }
    for key, (asked, most, what) in wanted.items():
        if asked > most:
            raise UserError(f"{key}: this public demo allows at most {most:,} {what}, got {asked:,}")
    if active >= CAPS.waiting:
        raise UserError(f"this public demo has {active} trainings waiting or at work, its most; try again later")
