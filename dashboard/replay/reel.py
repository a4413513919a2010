"""Runs as reels, rebuilt only when a file of theirs changes."""

from __future__ import annotations

from aecore.runs.run import EXPERIMENT, METRICS, SNAPSHOTS, STEPS, Run
from aecore.viewer import reel as reels
from aecore.viewer.reel import Panel, Picture, Reel
from dashboard.cache import runs
from dashboard.cache.keyed import keyed_on, signature


def reel(run: Run) -> tuple[Reel, Panel]:
    """The run ready for the browser, and its panel. Raises `DamagedError`."""
    made, shown = _reel(run)
    return {**made, "title": runs.summary(run).title}, shown


@keyed_on((SNAPSHOTS, METRICS, STEPS, EXPERIMENT))
def _reel(run: Run) -> tuple[Reel, Panel]:
    picture = _picture(run)
    return reels.reel(run, picture, run.id), picture.panel


@keyed_on((SNAPSHOTS,), show_spinner="Reading snapshots…")
def _picture(run: Run) -> Picture:
    return reels.picture(run, runs.snapshots(run), f"{run.path} {signature(run, (SNAPSHOTS,))}")
