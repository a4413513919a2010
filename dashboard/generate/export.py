"""Sheets of generated images as PNG files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aecore.runs.store import Run
from dashboard.cache import models
from dashboard.generate.units import Unit
from dashboard.widgets.image_files import as_bytes, png_sheet

ACROSS = 10
SWEEP = 9


def random_png(run: Run, vectors: np.ndarray) -> bytes:
    """The images of random codes (N, n), ten per line."""
    return png_sheet(as_bytes(models.decoded(run, vectors)), ACROSS)


def traversal_png(run: Run, base: np.ndarray, units: Sequence[Unit]) -> bytes:
    """One line per live unit, largest variance first: the code `base` (n,) with that unit from lowest to highest."""
    alive = sorted((unit for unit in units if not unit["dead"]), key=lambda unit: -unit["spread"])
    codes = np.repeat(base[None].astype(np.float32), len(alive) * SWEEP, axis=0)
    for line, unit in enumerate(alive):
        codes[line * SWEEP : (line + 1) * SWEEP, unit["index"]] = np.linspace(unit["low"], unit["high"], SWEEP)
    return png_sheet(as_bytes(models.decoded(run, codes)), SWEEP)
