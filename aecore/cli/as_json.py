"""The output of `--json`."""

from __future__ import annotations

import json
from typing import Any


def print_json(value: Any) -> None:
    """One document on standard output."""
    print(json.dumps(value, indent=1, allow_nan=False))
