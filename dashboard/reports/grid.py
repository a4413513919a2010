"""Images in rows and columns with labels at the side, above and below: the form of most figures in the reports."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from aecore.drawing import Drawing, Sheet, SheetRow
from dashboard.widgets import figure_export
from dashboard.widgets.image_grid import img


@dataclass(frozen=True)
class Row:
    """A line of images, uint8 (N, C, H, W), with its name; `notes` are shown below the images, empty for none."""

    name: str
    images: np.ndarray
    notes: Sequence[str] = ()


def export(rows: Sequence[Row], headings: Sequence[str], title: str, file: str, across: int) -> None:
    """The menu of files for a grid: the same images with their labels as one figure, `across` in a row."""

    def drawing() -> Drawing:
        lines = [
            SheetRow(row.name, row.images, [note.split("\n") if note else [] for note in row.notes]) for row in rows
        ]
        return Sheet(lines, headings, title, per_block=across).drawing()

    figure_export.export(drawing, file, key=file)


def grid(rows: Sequence[Row], headings: Sequence[str] = (), alt: str = "image") -> None:
    """Rows with the same number of images. `headings` label the columns; on a phone the rows scroll sideways."""
    columns = max(len(row.images) for row in rows)
    cells = []
    if any(headings):
        cells.append('<span class="ae-corner"></span>')
        cells += [f'<span class="ae-heading">{html.escape(text)}</span>' for text in headings]
    for row in rows:
        cells.append(f'<span class="ae-name">{html.escape(row.name)}</span>')
        for i in range(columns):
            if i >= len(row.images):
                cells.append("<span></span>")
                continue
            description = f"{row.name} {alt}, {headings[i] if i < len(headings) else f'number {i + 1}'}"
            note = f"<figcaption>{html.escape(row.notes[i])}</figcaption>" if i < len(row.notes) else ""
            picture = img(row.images[i], html.escape(description))
            cells.append(f"<figure>{picture}{note}</figure>")
    named = "named" if any(row.name for row in rows) else "bare"
    st.html(
        f'<div class="ae-scroll"><div class="ae-grid {named}" style="--columns:{columns}">{"".join(cells)}</div></div>'
    )
