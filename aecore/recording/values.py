"""What a loop logs: the names that values may have, and one number of whatever was given."""

from __future__ import annotations

import math
import re
from typing import Any

from aecore.errors import UserError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]{0,79}")
RESERVED = ("epoch", "seconds")


def checked_name(name: str) -> str:
    """The name of a value. Raises `UserError` for one that cannot be."""
    if name in RESERVED or not NAME.fullmatch(name):
        raise UserError(f"'{name}' cannot be the name of a value: it should be a word such as train_loss, and "
                        f"not {' or '.join(RESERVED)}")  # fmt: skip
    return name


def number_of(name: str, value: Any) -> float | None:
    """A value as a float, None where it is not finite."""
    try:
        found = float(value.detach() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise UserError(f"{name} should be one number, not {type(value).__name__}") from None
    return found if math.isfinite(found) else None
