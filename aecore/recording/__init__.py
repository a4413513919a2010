"""Runs of loops that are not ours: `aecore.record` in three lines of any training loop."""

from aecore.recording.recorder import record
from aecore.recording.recording import Recording

__all__ = ["Recording", "record"]
