"""What the Generate page says about its networks, and its downloads."""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore.drawing import Drawing
from aecore.runs.run import Run
from aecore.viewer.generation import Told
from aecore.viewer.units import Unit
from dashboard.cache import models
from dashboard.format import plain
from dashboard.generate import export, filters
from dashboard.generate.controls import WORDS
from dashboard.generate.filters import Filters
from dashboard.generate.url import PAGE
from dashboard.url_state import key
from dashboard.widgets import figure_export, image_picker


def notes(
    view: str,
    images: image_picker.Gallery,
    map_shape: tuple[int, int, int] | None,
    *,
    quantised: bool = False,
    told: bool = False,
) -> str:
    """What the page says under what it shows: of a code that is a map of that shape, a quantised one, or of a network
    that is told classes."""
    words = {
        "units": "Grey bars: histogram of the real codes. Double-click a slider to reset it.",
        "random": "Above each image is the code it was decoded from. Click an image to load its code into the sliders.",
        "traversal": "One row per unit, largest variance first: the start image's code with only this unit changed, "
        "from the lowest to the highest value among the real codes.",
        "filters": "Click a filter to find the slider of its unit.",
        "draw": "Encoded, decoded and classified after every stroke.",
    }[view]
    if map_shape:
        channels, height, width = map_shape
        words = f"The code is a map of {channels} channels, {height}×{width}: each slider scales a whole channel."
    elif quantised and view == "units":
        words = (
            "Each square is a place of the code with the number of its vector: choose one, and another vector for it."
        )
    elif told and view == "units":
        words += " The row shows the same code in every class: click one to decode as it."
    return f"{words} Everything runs in your browser. {plain(images.note)}"


def downloads(
    run: Run,
    chosen: str,
    vectors: np.ndarray,
    image: np.ndarray,
    code: tuple[float, ...] | None,
    units: list[Unit],
    told: Told | None,
    pictures: Filters | None = None,
) -> None:
    """The menu of files for what is on the page."""
    own, asked = (None if told is None else told.label), (None if told is None else told.asked)

    def swept() -> Drawing:
        known = None if own is None else np.array([own])
        base = models.codes_of_images(run, image[None] / np.float32(255), known)[0] if code is None else np.array(code)
        return export.traversal_sheet(run, base, units, "the start image" if code is None else "the sliders", asked)

    if chosen == "random":
        about = f"{WORDS[st.session_state[key(PAGE, 'draw')]].lower()}, seed {st.session_state[key(PAGE, 'seed')]}"
        figure_export.export(lambda: export.random_sheet(run, vectors, about, asked), f"{run.id}-random", key=PAGE)
    elif chosen == "traversal":
        figure_export.export(swept, f"{run.id}-traversal", key=PAGE)
    elif chosen == "filters" and pictures is not None:
        figure_export.export(lambda: filters.sheet(run, pictures), f"{run.id}-filters", key=PAGE)
