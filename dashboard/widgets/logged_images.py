"""The images that a recorded loop logged, by epoch, or step where its curves are over steps."""

from __future__ import annotations

import html

import numpy as np
import streamlit as st

from aecore.errors import DamagedError
from aecore.runs.logged import Logged, read_logged
from aecore.runs.run import LOGGED, Run
from dashboard import page
from dashboard.cache import runs
from dashboard.cache.keyed import keyed_on
from dashboard.widgets.image_grid import img

TALLEST = 280
"""Pixels; smaller images are enlarged by whole factors towards it."""


@keyed_on((LOGGED,))
def _logged(run: Run) -> Logged:
    return read_logged(run)


def show(run: Run) -> None:
    """The images of an epoch that a slider chooses, at first those of the last one. Nothing where there are none."""
    try:
        found = _logged(run)
    except DamagedError as error:
        page.problem(error)
        return
    if not found:
        return
    st.subheader("Logged images")
    unit = runs.summary(run).counts
    epochs = sorted({int(epoch) for rows, _ in found.values() for epoch in rows})
    at = epochs[-1]
    if len(epochs) > 1:
        key, last = f"logged-{run.id}", f"logged-last-{run.id}"
        if st.session_state.get(key) not in epochs or st.session_state[key] == st.session_state.get(last):
            st.session_state[key] = at  # it follows a run that trains until somebody looks back
        st.session_state[last] = epochs[-1]
        at = int(st.select_slider(f"{unit.capitalize()} of the images", epochs, key=key))
    figures = [_figure(name, unit, *_latest(rows, images, at)) for name, (rows, images) in sorted(found.items())]
    st.html(f'<div class="ae-logged">{"".join(figure for figure in figures if figure)}</div>')


def _latest(epochs: np.ndarray, images: np.ndarray, at: int) -> tuple[int, np.ndarray | None]:
    """The last image up to that epoch."""
    row = int(np.searchsorted(epochs, at, side="right")) - 1
    return (int(epochs[row]), images[row]) if row >= 0 else (0, None)


def _figure(name: str, unit: str, epoch: int, image: np.ndarray | None) -> str:
    if image is None:
        return ""
    height, width = image.shape[1:]
    wide = width * max(TALLEST // height, 1)
    text = html.escape(f"{name}, {unit} {epoch:,}")
    return f"<figure>{img(image, text, f'width:{wide}px')}<figcaption>{text}</figcaption></figure>"
