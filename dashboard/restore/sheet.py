"""The image sheet of the Restore page: every image clean, noisy and denoised, with scores and error maps."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
import streamlit as st

from aecore.data.convert import to_uint8
from dashboard.restore.rows import MODEL, NOISY, Row
from dashboard.widgets.image_files import decibels
from dashboard.widgets.image_grid import fine, img, png_uri

SCALES = (1.0, 0.5, 0.2, 0.1)
"""Errors that can be shown at full intensity."""
WORDS = {NOISY: "noisy", MODEL: "reconstructed"}


def draw(
    clean: np.ndarray,
    titles: Sequence[str],
    rows: Sequence[Row],
    scale: float | None = None,
    cut_out: np.ndarray | None = None,
) -> None:
    """One figure per image, uint8 (N, C, H, W): the clean one, then each row's with PSNR and SSIM, the best in bold.

    With a `scale`, outputs have an error map, at full intensity for that error. With a `cut_out`, uint8 (3, h, w), it
    is the single large figure of an uploaded image, which starts with the crop.
    """
    figures = []
    for i, title in enumerate(titles):
        name = html.escape(title)
        cells = [_cell(img(clean[i], f"{name}, clean"), _name(name))]
        if cut_out is not None:
            cells = [
                _cell(f'<img alt="{name}, original" src="{png_uri(cut_out)}">', _name(name)),
                _cell(img(clean[i], f"{name}, clean"), _what("model input", "clean")),
            ]
        cells += [_row_cell(row, i, name, clean[i], scale, row is best(rows, i)) for row in rows]
        figures.append(f"<figure>{''.join(cells)}</figure>")
    kind = "ae-sheet"
    if cut_out is not None:
        cells_a_line = len(rows) + 2 if len(rows) <= 3 else math.ceil((len(rows) + 2) / 2)
        kind += f" ae-large ae-of-{cells_a_line}"
    st.html(f'<div class="{kind}">{"".join(figures)}</div>')


def legend(scale: float, channels: int) -> None:
    """The legend of the error maps."""
    over = ", mean over the colours" if channels > 1 else ""
    st.html(
        f'<div class="ae-legend"><span>0</span><span class="ae-ramp" aria-hidden="true"></span>'
        f"<span>{scale:g}{' or more' if scale < 1 else ''}</span><span>|output − clean|{over}, under each output</span>"
        f"</div>"
    )


def fitting_scale(clean: np.ndarray, output: np.ndarray) -> float:
    """The finest scale that covers 95 % of the errors."""
    error = np.quantile(error_of(clean, output), 0.95)
    return min((scale for scale in SCALES if scale >= error), default=SCALES[0])


def error_of(clean: np.ndarray, output: np.ndarray) -> np.ndarray:
    """Absolute errors (..., H, W) of images (..., C, H, W), mean over the channels; `clean` uint8, `output` float."""
    return np.abs(output - clean.astype(np.float32) / np.float32(255)).mean(axis=-3)


def _row_cell(row: Row, i: int, name: str, clean: np.ndarray, scale: float | None, is_best: bool) -> str:
    what = word_for(row)
    if row.images is None or row.scores is None:
        return _cell('<div class="ae-blank"></div>', _what(what, "…"))
    picture = img(to_uint8(row.images[i]), f"{name}, {what}")
    if scale and row.name != NOISY:
        picture += _error_map(error_of(clean, row.images[i]) / scale, f"{name}, error of {what}")
    psnr, ssim = row.scores["psnr_db"][i], row.scores["ssim"][i]
    mark = ' class="ae-better"' if is_best else ""
    return _cell(picture, _what(what, f"<span{mark}>{decibels(psnr)} · {ssim:.2f}</span>"))


def word_for(row: Row) -> str:
    """What the images of a row are called."""
    if row.called:
        return row.called.split()[0].lower()
    return WORDS.get(row.name, row.name.lower())


def best(rows: Sequence[Row], i: int) -> Row | None:
    """The row with the smallest error of image `i` of those that may be best; none if there is nothing to compare or no
    difference."""
    known = [(float(row.scores["mse"][i]), row) for row in rows if row.scores is not None and row.may_win]
    errors = [error for error, _ in known]
    return known[errors.index(min(errors))][1] if len(set(errors)) > 1 else None


def _cell(picture: str, text: str) -> str:
    return f"<div>{picture}{text}</div>"


def _name(name: str) -> str:
    return f'<span class="ae-name" title="{name}">{name}</span>'


def _what(what: str, score: str) -> str:
    return f'<span class="ae-what">{what}</span><span>{score}</span>'


def _error_map(error: np.ndarray, alt: str) -> str:
    """Errors (H, W), 1 for full intensity, as a mask: the colour comes from the page's theme."""
    height, width = error.shape
    alpha = np.zeros((4, height, width), np.uint8)
    alpha[3] = np.rint(np.clip(error, 0, 1) * 255)
    mask = png_uri(alpha)
    style = f"aspect-ratio:{width}/{height};mask-image:url({mask});-webkit-mask-image:url({mask})"
    inner = f'<div class="ae-mask{fine(height)}" style="{style}"></div>'
    return f'<div class="ae-error" role="img" aria-label="{alt}">{inner}</div>'
