"""The hosted demo: what a public server allows its visitors.

`AECORE_DEMO=1` makes it read-only; `AECORE_DEMO=train` allows short trainings on image sets that are already prepared.
Pages hide what is not allowed, and the functions that change the store check it as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container
from dataclasses import dataclass

from aecore.errors import UserError


@dataclass(frozen=True)
class Caps:
    """Upper limits of a training on the demo."""

    epochs: int = 5
    train_images: int = 10_000
    parameters: int = 2_000_000
    waiting: int = 4
    """Runs that are queued or running."""


CAPS = Caps()


def mode() -> str:
    """`""` outside of a demo, `"read-only"` or `"train"`. Any value but empty, 0 or train counts as read-only."""
    value = os.environ.get("AECORE_DEMO", "").strip().lower()
    if value in ("", "0", "false", "no", "off"):
        return ""
    return "train" if value == "train" else "read-only"


def refuse(what: str) -> None:
    """Raise `UserError` on a demo of either kind; `what` is the action, as in "deleting runs"."""
    if mode():
        raise UserError(f"{what} is switched off on this public demo; run the project on your own machine")


def check_data(name: str, ready: Callable[[str], bool], catalogue: Container[str]) -> None:
    """Raise `UserError` for a training on the demo that would read a path or download images."""
    if mode() == "read-only":
        refuse("training")
    if mode() and not (name in catalogue and ready(name)):
        raise UserError(f"data.name: this public demo trains on image sets that it has prepared, and '{name}' is not")


def check_size(epochs: int, images: int, parameters: int, active: int) -> None:
    """Raise `UserError`, naming the limit, for a training that is larger than the demo allows; `images` counts training
    and held-out images, `active` the runs that are queued or running."""
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
        raise UserError(f"this public demo has {active} trainings queued or running, its limit; try again later")
