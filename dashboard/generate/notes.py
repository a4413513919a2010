"""What the Generate page says about its networks, and its downloads."""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore.runs.store import Run
from dashboard.cache import models
from dashboard.generate import export
from dashboard.generate.units import Unit
from dashboard.widgets import image_picker


def notes(view: str, images: image_picker.Gallery, map_shape: tuple[int, int, int] | None) -> str:
    words = {
        "units": "Grey bars: histogram of the real codes. Double-click a slider to reset it.",
        "random": "Above each image is the code it was decoded from. Click an image to load its code into the sliders.",
        "traversal": "One row per unit, largest variance first: the start image's code with only this unit changed, "
        "from the lowest to the highest value among the real codes.",
        "draw": "Encoded, decoded and classified after every stroke.",
    }[view]
    if map_shape:
        channels, height, width = map_shape
        words = f"The code is a map of {channels} channels, {height}×{width}: each slider scales a whole channel."
    return f"{words} Everything runs in your browser. {images.note}"


def downloads(
    run: Run, chosen: str, vectors: np.ndarray, image: np.ndarray, code: tuple[float, ...] | None, units: list[Unit]
) -> None:
    """Download buttons for what is on the page; the files are made on request."""

    def swept() -> bytes:
        base = models.codes_of_images(run, image[None] / np.float32(255))[0] if code is None else np.array(code)
        return export.traversal_png(run, base, units)

    if chosen == "random":
        st.download_button(
            "PNG", lambda: export.random_png(run, vectors), f"{run.id}-random.png", icon=":material/download:"
        )
    elif chosen == "traversal":
        st.download_button("PNG", swept, f"{run.id}-traversal.png", icon=":material/download:")
