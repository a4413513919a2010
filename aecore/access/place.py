"""Where the store is, and the file in it that says who may use it."""

from __future__ import annotations

import os
from pathlib import Path

ACCESS = "access.json"


def store_root() -> Path:
    """The folder that holds `gallery/` and `runs/`: `AECORE_STORE`, by default ./checkpoints."""
    return Path(os.environ.get("AECORE_STORE") or "checkpoints").expanduser().absolute()
