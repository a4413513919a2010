"""A report as sections of paragraphs, tables and figures, before it is HTML or LaTeX. All text is plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aecore.drawing import Drawing


@dataclass(frozen=True)
class Cell:
    """A table's cell; `strong` for the best of a column."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, or a warning that must not be overlooked."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head; `name` is that of its LaTeX file. The first `words` columns are text, the others
    numbers. `long` ones may have more rows than a page is high."""

    name: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    words: int = 1
    long: bool = False
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing with a caption."""

    name: str
    caption: str
    drawing: Drawing


@dataclass(frozen=True, eq=False)
class Lane:
    """One run's frames of an interpolation, uint8 (F, C, H, W)."""

    name: str
    frames: np.ndarray


@dataclass(frozen=True, eq=False)
class Scrubber:
    """An interpolation that one scrubs with a slider; it exists in HTML only. `ends` are the two images, uint8
    (2, C, H, W)."""

    caption: str
    ends: np.ndarray
    names: Sequence[str]
    lanes: Sequence[Lane]


Block = Paragraph | Table | Figure | Scrubber


@dataclass(frozen=True)
class Section:
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    title: str
    about: str
    """One line under the title: what made it, and when."""
    sections: Sequence[Section]
