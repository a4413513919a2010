"""Where the cache is."""

from __future__ import annotations

import os
from pathlib import Path


def data_root() -> Path:
    """The folder of prepared image sets: `AECORE_DATA`, by default the user's cache directory."""
    if named := os.environ.get("AECORE_DATA"):
        return Path(named).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("aecore"))
