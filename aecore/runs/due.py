"""Whether something has been kept long enough, by a clock that may be wrong."""

from __future__ import annotations

import time
from pathlib import Path

DUE = ".due"
"""An empty file in a folder: when it was first found to have been kept long enough."""


def is_due(folder: Path, since: float, kept_s: float, confirmed_after_s: float) -> bool:
    """Whether a folder has been kept for `kept_s` seconds since `since` (seconds since 1970), by the clock now and at a
    look `confirmed_after_s` or more ago.

    One look would not do: a clock that is ahead for a moment would empty the whole trash. Raises `OSError`.
    """
    seen, now = folder / DUE, time.time()
    if now - since <= kept_s:
        seen.unlink(missing_ok=True)
        return False
    if not seen.exists():
        seen.touch()
        return False
    if (age := now - seen.stat().st_mtime) < 0:  # it was seen in what is still the future
        seen.touch()
    return age > confirmed_after_s
