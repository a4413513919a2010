"""The sheet of the Restore page as a figure for a report."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from aecore.config.corruption import Corruption
from aecore.drawing import Drawing, Ramp, Sheet, SheetRow
from aecore.runs.run import Run
from dashboard.cache.images import image_info
from dashboard.restore import rows as comparison
from dashboard.restore import sheet
from dashboard.restore.batch import Shown
from dashboard.restore.notes import whole_test_set_text
from dashboard.restore.rows import NOISY, Row
from dashboard.widgets.image_files import as_bytes, decibels, remarks_of, title_of


def drawing(run: Run, corruption: Corruption, shown: Shown, rows: Sequence[Row], scale: float | None) -> Drawing:
    """Clean images, then each row's with PSNR and SSIM, the best in bold; with a `scale`, each output's errors."""
    lines = [SheetRow("clean", as_bytes(shown.clean / np.float32(255)))]
    if shown.cut_out is not None:
        lines.insert(0, SheetRow("original", shown.cut_out[None]))
    ramp = _ramp(scale, shown.clean.shape[1]) if scale else None
    for row in rows:
        if row.images is None or row.scores is None:
            continue
        best = frozenset(i for i in range(len(row.images)) if sheet.best(rows, i) is row)
        lines.append(SheetRow(sheet.word_for(row), as_bytes(row.images), _captions(row), best, row.note))
        if ramp and scale and row.name != NOISY:
            lines.append(SheetRow("error", ramp.shade(sheet.error_of(shown.clean, row.images) / scale)))
    return Sheet(
        lines, shown.titles, f"{title_of(run)}: {corruption.label}", _notes(run, corruption, shown, rows), ramp
    ).drawing()


def _captions(row: Row) -> list[list[str]]:
    assert row.scores is not None
    pairs = zip(row.scores["psnr_db"], row.scores["ssim"], strict=True)
    return [[f"{decibels(float(psnr))} · {ssim:.2f}"] for psnr, ssim in pairs]


def _ramp(scale: float, channels: int) -> Ramp:
    text = f"|output − clean|{', mean over the colours' if channels > 1 else ''}, under each output"
    return Ramp("0", f"{scale:g}{' or more' if scale < 1 else ''}", text)


def _notes(run: Run, corruption: Corruption, shown: Shown, rows: Sequence[Row]) -> list[str]:
    """The table of means as one line a row, the whole test set's, and what is wrong with the run."""
    means = []
    for row in rows:
        found = [(column, row.mean(column.metric)) for column in comparison.columns_of(rows)]
        values = [
            f"{column.title} {column.form.format(mean) if math.isfinite(mean) else '∞'}"
            for column, mean in found
            if mean is not None
        ]
        wrong = [] if row.wrong is None else [f"{row.wrong} of {len(shown.clean)} digits read wrong"]
        means.append(f"{sheet.word_for(row)}{f' ({row.note})' if row.note else ''}: {', '.join(values + wrong)}")
    lines = [f"{shown.caption}. {'; '.join(means)}."]
    closer = comparison.noisy_is_closer(rows)
    if closer:
        what = rows[0].title.lower()
        lines.append(f"By {', '.join(closer)}, the {what} is closer to the clean images than the reconstruction.")
    whole = whole_test_set_text(run, corruption)
    return [*lines, *([whole] if whole else []), *remarks_of(run), image_info(run).citation]
