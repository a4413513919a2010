"""The store that the code of November 2026 wrote; tests/data/store-2026-11/README.md says how."""

from __future__ import annotations

import json
import shutil
from typing import Any

from aecore.runs.store import Store
from tests.helpers.paths import ROOT

FOLDER = ROOT / "tests" / "data" / "store-2026-11"
RUNS = ("finished", "noted", "imported", "stopped", "sizes-size-2-seed-0", "sizes-size-4-seed-1")
"""The titles under which its runs were begun, the first part of their ids."""


def copy_into(store: Store) -> None:
    """Put all of it into an empty store."""
    shutil.copytree(FOLDER / "store", store.root, dirs_exist_ok=True)


def said(name: str) -> Any:
    """What a command printed then, as JSON."""
    return json.loads((FOLDER / "said" / f"{name}.json").read_text())


def contains(found: Any, expected: Any) -> bool:
    """Whether a document says all that an older one said; new keys in its tables are welcome."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and contains(found[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(contains, found, expected))
    return found == expected
