"""Images on a page: whole sheets as one HTML element, with sharp pixels at any size."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping

import numpy as np
import streamlit as st
from PIL import Image

from aecore.metrics.baselines import input_word
from aecore.runs.run import SNAPSHOTS, Run
from dashboard.cache import runs
from dashboard.cache.keyed import keyed_on

MOST_SHARP = 48
"""Images with more pixels a side are seen as pictures, smaller ones as pixels; as in `aecore/viewer/js/images.js`."""


def png_uri(image: np.ndarray) -> str:
    """A uint8 image (C, H, W) with 1, 3 or 4 channels as a PNG data URI."""
    pixels = image[0] if image.shape[0] == 1 else np.moveaxis(image, 0, -1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def img(image: np.ndarray, alt: str, style: str = "") -> str:
    """The element that shows such an image, its pixels with sharp edges unless there are too many to be seen; `alt` is
    HTML."""
    shape = f' style="{style}"' if style else ""
    return f'<img class="ae-pixels{fine(image.shape[1])}"{shape} alt="{alt}" src="{png_uri(image)}">'


def fine(height: int) -> str:
    """What the class of an element with an image of that height also has."""
    return " ae-fine" if height > MOST_SHARP else ""


def strip(images: np.ndarray, gap: int = 1) -> np.ndarray:
    """Images (N, C, H, W) side by side with transparent gaps: grey and alpha or RGB and alpha, (C+1 or 4, H, W')."""
    count, channels, height, width = images.shape
    rgb = np.repeat(images, 3, axis=1) if channels == 1 else images
    sheet = np.zeros((4, height, count * (width + gap) - gap), np.uint8)
    for i, image in enumerate(rgb):
        left = i * (width + gap)
        sheet[:3, :, left : left + width] = image
        sheet[3, :, left : left + width] = 255
    return sheet


def film(run: Run, rows: int = 8) -> None:
    """The run's panel by epoch: the clean images, the noisy ones if any, then up to `rows` epochs.

    Raises `DamagedError` as `runs.snapshots` does.
    """
    st.html(_film(run, rows))


@keyed_on((SNAPSHOTS,))
def _film(run: Run, rows: int) -> str:
    return film_html(runs.snapshots(run), rows, word=input_word(run.experiment().corruption))


def film_html(snapshots: Mapping[str, np.ndarray], rows: int, columns: int = 20, word: str = "noisy") -> str:
    """The same as HTML, of the arrays of a snapshots file; the model's input is called by that word."""
    clean = snapshots["clean"][:columns]
    epochs = snapshots["epochs"]
    lines = [("clean", clean)]
    if "noisy" in snapshots:
        lines.append((word, snapshots["noisy"][:columns]))
    parts = [_film_line(label, images) for label, images in lines] + ['<div class="ae-rule"></div>']
    parts += [
        _film_line(f"epoch {epochs[row]:.3g}" if epochs[row] else "output", snapshots["reconstructions"][row][:columns])
        for row in spread(len(epochs), rows)
    ]
    return f'<div class="ae-film">{"".join(parts)}</div>'


def spread(count: int, wanted: int) -> list[int]:
    """Up to `wanted` row indices out of `count`, denser early on, where most is learnt; always the first and last."""
    if count <= wanted:
        return list(range(count))
    steps = np.geomspace(1, count, wanted).round().astype(int) - 1
    for i in range(1, wanted):  # rounding makes early steps collide: push them apart
        steps[i] = max(steps[i], steps[i - 1] + 1)
    return [int(step) for step in np.minimum(steps, count - 1)]


def _film_line(label: str, images: np.ndarray) -> str:
    text = html.escape(label)
    return f"<span>{text}</span><div>{img(strip(images), text)}</div>"
