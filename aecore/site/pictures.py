"""Pictures of a run's panel as it is without a script: clean images, what went into the network, what came out."""

from __future__ import annotations

import base64
import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from aecore.errors import AecoreError
from aecore.runs.run import Run
from aecore.viewer import reel

MOST, IN_TABLE = 10, 6
"""Images in a row of the panel, and in the table."""
SMALL = 64
"""The longest side of an image in the table, in pixels."""


class PanelRow(NamedTuple):
    """A row of the panel: its name, and its images uint8 (N, C, H, W)."""

    name: str
    images: np.ndarray


def panel_rows(run: Run, most: int = MOST) -> list[PanelRow]:
    """The panel's rows after the last epoch. Raises `DamagedError` where the run has none."""
    panel = reel.panel(run, run.snapshots())
    rows = [PanelRow("Clean", panel.clean[:most])]
    if panel.noisy is not None:
        rows.append(PanelRow("Input", panel.noisy[:most]))
    return [*rows, PanelRow("Output", panel.reconstructions[-1][:most])]


def strip(images: np.ndarray, gap: int = 0) -> str:
    """Images uint8 (N, C, H, W) beside each other as a PNG data URI."""
    if images.shape[1] not in (1, 3):
        images = images[:, :1]
    count, channels, height, width = images.shape
    pixels = np.ascontiguousarray(images.transpose(2, 0, 3, 1)).reshape(height, count * width, channels)
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def preview(run: Run) -> str:
    """The first few images of the panel for the table: what went in above what came out; empty without a panel."""
    try:
        *_, entered, out = panel_rows(run, IN_TABLE)
    except (AecoreError, ValueError):
        return '<span class="preview"></span>'
    step = max(1, -(-max(out.images.shape[2:]) // SMALL))
    both = np.concatenate([row.images[:, :, ::step, ::step] for row in (entered, out)], axis=2)
    return f'<img class="preview" alt="" src="{strip(both)}">'


def sheet(run: Run) -> str:
    """The panel as a table of pictures; empty without one."""
    try:
        rows = panel_rows(run)
    except AecoreError:
        return ""
    lines = "".join(
        f'<div><span>{row.name}</span><img alt="{row.name}: {len(row.images)} images" src="{strip(row.images)}"></div>'
        for row in rows
    )
    return f'<div class="sheet">{lines}</div>'
