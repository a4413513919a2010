"""The points of a projection as CSV, for one's own analysis."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from aecore.format import csv_cell
from aecore.latent.codes import Codes
from aecore.latent.projection_store import Projection


def points_csv(projection: Projection, classes: Sequence[str], codes: Codes | None = None) -> bytes:
    """One line a point: `index` of the image, `class`, `label` (its number), `x`, `y` and in three dimensions `z`.

    With `codes` there is also every unit of the code, `code_1` and so on; empty for images whose code is not known.
    """
    known = codes.codes if codes is not None else None
    units = known.shape[1] if known is not None else 0
    rows = _rows(projection, codes) if codes is not None and known is not None else None
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["index", "class", "label", *"xyz"[: projection.dims], *(f"code_{i + 1}" for i in range(units))])
    for i, (index, label) in enumerate(zip(projection.indices.tolist(), projection.labels.tolist(), strict=True)):
        name = classes[label] if label < len(classes) else str(label)
        code: list[float] | list[str] = []
        if known is not None and rows is not None:
            code = [""] * units if rows[i] < 0 else [float(f"{value:.7g}") for value in known[rows[i]].tolist()]
        place = [float(f"{value:.7g}") for value in projection.coordinates[i].tolist()]
        writer.writerow([index, csv_cell(name), label, *place, *code])
    return out.getvalue().encode()


def _rows(projection: Projection, codes: Codes) -> np.ndarray:
    """The row of each point's image among the codes, int64 (N,), −1 where it has none."""
    rows = np.minimum(np.searchsorted(codes.indices, projection.indices), max(len(codes.indices) - 1, 0))
    if codes.split != projection.split or not len(codes.indices):
        return np.full(len(projection.indices), -1)
    return np.where(codes.indices[rows] == projection.indices, rows, -1)
