"""Generated images as figures for a report: those of random codes, and a traversal of every unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aecore.drawing import Drawing, Sheet, SheetRow
from aecore.format import count
from aecore.runs.run import Run
from aecore.viewer.units import Unit
from dashboard.cache import models
from dashboard.widgets.image_files import as_bytes, remarks_of, title_of

ACROSS = 10
SWEEP = 9
MOST_NUMBERS = 8
"""Codes of more units are not written above their images."""


def random_sheet(run: Run, vectors: np.ndarray, about: str, label: int | None = None) -> Drawing:
    """The images of random codes (N, n), ten per line, with their codes above them where these are short; `about` says
    how they were drawn, `label` which class a conditional model is told."""
    few = vectors.shape[1] <= MOST_NUMBERS
    headings = ["\n".join(f"{value:.2f}" for value in vector) for vector in vectors] if few else []
    return Sheet(
        [SheetRow("", as_bytes(models.decoded(run, vectors, _all(label, len(vectors)))))],
        headings,
        f"{title_of(run)}: {count(len(vectors), 'random code')}, {about}",
        remarks_of(run),
        per_block=ACROSS,
    ).drawing()


def traversal_sheet(run: Run, base: np.ndarray, units: Sequence[Unit], start: str, label: int | None = None) -> Drawing:
    """One line per live unit, largest variance first: the code `base` (n,) of `start` with that unit from lowest to
    highest; decoded as the class `label` where the model is told one."""
    alive = sorted((unit for unit in units if not unit["dead"]), key=lambda unit: -unit["spread"])
    codes = np.repeat(base[None].astype(np.float32), len(alive) * SWEEP, axis=0)
    for line, unit in enumerate(alive):
        codes[line * SWEEP : (line + 1) * SWEEP, unit["index"]] = np.linspace(unit["low"], unit["high"], SWEEP)
    images = as_bytes(models.decoded(run, codes, _all(label, len(codes))))
    rows = [
        SheetRow(
            f"unit {unit['index'] + 1}",
            images[line * SWEEP : (line + 1) * SWEEP],
            note=f"{unit['low']:.3g} to {unit['high']:.3g}".replace("-", "−"),
        )
        for line, unit in enumerate(alive)
    ]
    words = f"Each row is the code of {start} with only this unit changed, from its lowest to its highest value."
    return Sheet(
        rows, title=f"{title_of(run)}: every unit of the code", notes=[words, *remarks_of(run)], per_block=SWEEP
    ).drawing()


def _all(label: int | None, number: int) -> np.ndarray | None:
    return None if label is None else np.full(number, label)
