"""A replay as a figure for a report: a run's images at several epochs below each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aecore.drawing import Drawing, Sheet, SheetRow, stacked
from aecore.runs.run import Run
from aecore.viewer.reel import NOT_READ, Curve, Panel, Reel
from dashboard.cache.images import image_info
from dashboard.widgets.image_files import as_bytes, remarks_of, title_of
from dashboard.widgets.image_grid import spread

EPOCHS = 8
MOST_IMAGES = 20


def film(shown: Sequence[tuple[Run, Reel, Panel]], at: float | None) -> Drawing:
    """Of each run the clean images, the noisy ones if any, and up to eight epochs, denser early on, with the one at
    `at` among them; each epoch with its losses."""
    return stacked([_film(run, reel, panel, at) for run, reel, panel in shown])


def _film(run: Run, reel: Reel, panel: Panel, at: float | None) -> Drawing:
    count = min(len(panel.clean), MOST_IMAGES)
    rows = [SheetRow("clean", as_bytes(panel.clean[:count] / np.float32(255)))]
    if panel.noisy is not None:
        rows.append(SheetRow("noisy", as_bytes(panel.noisy[:count] / np.float32(255))))
    for row in _epochs(panel, at):
        epoch = panel.epochs[row]
        images = as_bytes(panel.reconstructions[row][:count] / np.float32(255))
        name = f"epoch {epoch:.4g}" if epoch else "output"
        rows.append(SheetRow(name, images, _misread(panel, row, count), note=_losses(reel, epoch)))
    headings = [name.replace("test image ", "#") for name in reel["names"][:count]]
    notes = ["Losses at the end of each epoch."] if reel["test"]["epochs"] else []
    left_out = len(panel.clean) - count
    notes += [f"The first {count} of {len(panel.clean)} images."] if left_out else []
    return Sheet(
        rows,
        headings,
        f"{title_of(run)}: images over training",
        [*notes, *remarks_of(run), image_info(run).citation],
        per_block=10,
    ).drawing()


def _epochs(panel: Panel, at: float | None) -> list[int]:
    rows = spread(len(panel.epochs), EPOCHS)
    if at is not None:
        rows.append(max(0, int(np.searchsorted(panel.epochs, at + 1e-9, side="right")) - 1))
    return sorted(set(rows))


def _misread(panel: Panel, row: int, count: int) -> list[list[str]]:
    if panel.digits is None or panel.labels is None:
        return []
    pairs = zip(panel.digits[row][:count].tolist(), panel.labels[:count].tolist(), strict=True)
    return [[f"read as {digit}"] if digit not in (label, NOT_READ) else [] for digit, label in pairs]


def _losses(reel: Reel, epoch: float) -> str:
    """`train 0.0231, test 0.0229`, as far as they were measured at that epoch."""
    found = [("train", _loss(reel["train"], epoch)), ("test", _loss(reel["test"], epoch))]
    return ", ".join(f"{name} {value:.4g}" for name, value in found if value is not None)


def _loss(curve: Curve, epoch: float) -> float | None:
    near = [value for at, value in zip(curve["epochs"], curve["values"], strict=True) if abs(at - epoch) < 1e-3]
    return near[0] if near else None
