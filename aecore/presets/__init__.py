"""Presets: the experiments of the course reports, with sources, claims and known discrepancies, and our own, which do
better on the same tasks or show what else there is.

Each name is imported when it is first used: the list of presets (`aecore.presets.titles`) needs no schema.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aecore.presets.definition import Claim, Goal, Preset, preset, presets

__all__ = ["Claim", "Goal", "Preset", "preset", "presets"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'aecore.presets' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module("aecore.presets.definition"), name)
    return value
