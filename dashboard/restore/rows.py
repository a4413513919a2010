"""The noisy input, the model and methods without a network as rows that can be compared: images, scores, means."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from aecore.config.corruption import Corruption
from aecore.metrics.baselines import DENOISERS, TITLES, input_word
from aecore.runs.run import Run
from aecore.runs.summary import may_win
from dashboard.cache import models
from dashboard.restore import classical
from dashboard.restore.batch import Shown

NOISY, MODEL = "Noisy input", "This model"


@dataclass(frozen=True)
class Row:
    """One treatment of the images: its output, float (N, C, H, W) on the [0, 1] scale, and one score per image.
    Images and scores are None while they are being computed."""

    name: str
    note: str = ""
    images: np.ndarray | None = None
    scores: Mapping[str, np.ndarray] | None = None
    wrong: int | None = None
    """How many of the images are misread by the digit classifier; None if it does not apply."""
    may_win: bool = True
    """Whether it may be called the best."""
    called: str = ""
    """What it is called where that is not its name."""

    @property
    def title(self) -> str:
        return self.called or self.name

    def mean(self, metric: str) -> float | None:
        """The mean over the images, infinite if one of them is; None while there are none. A mean over holes is that of
        the images that have one."""
        if metric == "wrong":
            return self.wrong
        if self.scores is None:
            return None
        values = self.scores[metric]
        known = values[~np.isnan(values)]
        return float(np.mean(known)) if len(known) else math.inf


@dataclass(frozen=True)
class Column:
    """A column of the table of means."""

    metric: str
    title: str
    form: str
    higher: bool


COLUMNS = (
    Column("psnr_db", "PSNR", "{:.2f} dB", True),
    Column("ssim", "SSIM", "{:.3f}", True),
    Column("mse", "MSE", "{:.4f}", False),
)
HOLE = (
    Column("hole_psnr_db", "PSNR, hole", "{:.2f} dB", True),
    Column("hole_mse", "MSE, hole", "{:.4f}", False),
)
"""Over the lost pixels alone."""


def of_model(run: Run, shown: Shown, corruption: Corruption) -> list[Row]:
    """The noisy input's row, if there is a corruption, and the model's."""
    result, images_name = shown.result, run.experiment().data.name
    shown_too = [result.noisy] if corruption.active else []
    wrong, *of_noisy = _wrong(images_name, [result.output, *shown_too], shown)
    model = Row(MODEL, "", result.output, result.output_scores, wrong, may_win(run.status()))
    if not corruption.active:
        return [model]
    note = "enlarged bicubically" if corruption.downscale else ""
    called = f"{input_word(corruption).capitalize()} input"
    return [Row(NOISY, note, result.noisy, result.noisy_scores, of_noisy[0], called=called), model]


def _wrong(images_name: str, sets: Sequence[np.ndarray], shown: Shown) -> Sequence[int | None]:
    """How many digits of each of these sets of images are misread, which are asked for at once."""
    return [None] * len(sets) if shown.labels is None else models.wrong_digits(images_name, sets, shown.labels)


def of_method(run: Run, corruption: Corruption, method: str, shown: Shown) -> Row:
    """The row of a method without a network."""
    from aecore.metrics import image as image_metrics

    amount = classical.strength(run, corruption, method) if method in DENOISERS else None
    images = classical.apply(run, shown.result, method, amount)
    scores = image_metrics.all_of(shown.clean.astype(np.float32) / np.float32(255), images, shown.result.lost)
    (wrong,) = _wrong(run.experiment().data.name, [images], shown)
    note = "" if amount is None else f"{classical.SYMBOLS[method]} {amount:g}"
    return Row(TITLES[method], note, images, scores, wrong)


def columns_of(rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns of these rows' means: over all pixels, and where some were lost over those."""
    holes = any(row.scores is not None and "hole_mse" in row.scores for row in rows)
    return (*COLUMNS, *HOLE) if holes else COLUMNS


def best(rows: Sequence[Row], column: Column) -> int | None:
    """The row that is best in a column; none if two are, or if a mean is infinite and so meaningless, or where only one
    may be."""
    means = [row.mean(column.metric) if row.may_win else None for row in rows]
    values = [mean for mean in means if mean is not None]
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    top = max(values) if column.higher else min(values)
    return means.index(top) if means.count(top) == 1 else None


def noisy_is_closer(rows: Sequence[Row]) -> list[str]:
    """The metrics by which the noisy input is closer to the clean images than the model's output."""
    if rows[0].name != NOISY:
        return []
    pair = [replace(row, may_win=True) for row in rows[:2]]
    return [column.title for column in COLUMNS if best(pair, column) == 0]


def table(rows: Sequence[Row], caption: str, count: int) -> None:
    """The means of every row as a table, the best of each column in bold and labelled."""
    columns = columns_of(rows)
    if any(row.wrong is not None for row in rows):
        columns = (*columns, Column("wrong", "Wrong digits", "{} of " + f"{count:,}", False))
    head = "".join(f'<th scope="col">{column.title}</th>' for column in columns)
    marked = [best(rows, column) for column in columns]
    lines = []
    for i, row in enumerate(rows):
        note = f" <small>{html.escape(row.note)}</small>" if row.note else ""
        cells = "".join(_cell(row, column, i == top) for column, top in zip(columns, marked, strict=True))
        lines.append(f'<tr><th scope="row">{html.escape(row.title)}{note}</th>{cells}</tr>')
    st.html(
        f'<table class="ae-means"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def _cell(row: Row, column: Column, is_best: bool) -> str:
    mean = row.mean(column.metric)
    if mean is None:
        return "<td>…</td>"
    text = column.form.format(mean) if math.isfinite(mean) else "∞"
    return f"<td><strong>{text}</strong> <small>best</small></td>" if is_best else f"<td>{text}</td>"
