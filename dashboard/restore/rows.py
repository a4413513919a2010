"""The noisy input, the model and classical denoisers as rows that can be compared: images, scores, means."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from aecore.config.corruption import Corruption
from aecore.runs.store import Run
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

    def mean(self, metric: str) -> float | None:
        """The mean over the images, infinite if one of them is; None while there are none."""
        if metric == "wrong":
            return self.wrong
        return None if self.scores is None else float(np.mean(self.scores[metric]))


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


def of_model(run: Run, shown: Shown, noise: bool) -> list[Row]:
    """The noisy input's row, if there is noise, and the model's."""
    result, images_name = shown.result, run.experiment().data.name
    wrong = _wrong(images_name, result.output, shown)
    model = Row(MODEL, "", result.output, result.output_scores, wrong, may_win(run.status()))
    if not noise:
        return [model]
    return [Row(NOISY, "", result.noisy, result.noisy_scores, _wrong(images_name, result.noisy, shown)), model]


def _wrong(images_name: str, images: np.ndarray, shown: Shown) -> int | None:
    return None if shown.labels is None else models.wrong_digits(images_name, images, shown.labels)


def of_method(run: Run, corruption: Corruption, method: str, shown: Shown) -> Row:
    """A classical denoiser's row."""
    from aecore.metrics import image as image_metrics

    amount = classical.strength(run, corruption, method)
    images = classical.apply(shown.result.noisy, method, amount)
    scores = image_metrics.per_image(shown.clean.astype(np.float32) / np.float32(255), images)
    wrong = _wrong(run.experiment().data.name, images, shown)
    return Row(classical.TITLES[method], f"{classical.SYMBOLS[method]} {amount:g}", images, scores, wrong)


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
    columns = COLUMNS
    if any(row.wrong is not None for row in rows):
        columns = (*columns, Column("wrong", "Wrong digits", "{} of " + f"{count:,}", False))
    head = "".join(f'<th scope="col">{column.title}</th>' for column in columns)
    marked = [best(rows, column) for column in columns]
    lines = []
    for i, row in enumerate(rows):
        note = f" <small>{html.escape(row.note)}</small>" if row.note else ""
        cells = "".join(_cell(row, column, i == top) for column, top in zip(columns, marked, strict=True))
        lines.append(f'<tr><th scope="row">{html.escape(row.name)}{note}</th>{cells}</tr>')
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
