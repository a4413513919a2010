"""Two versions of the Restore page's images over one another: clean, noisy, the model's, a classical denoiser's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from aecore.data.convert import to_uint8
from aecore.metrics.baselines import TITLES
from dashboard import url_state
from dashboard.components.wiper import Layer, wiper
from dashboard.restore import url
from dashboard.restore.batch import Shown
from dashboard.restore.rows import MODEL, NOISY, Row
from dashboard.url_state import key

KEYS = {NOISY: "noisy", MODEL: "output"} | {title: name for name, title in TITLES.items()}
VIEWS = {"sheet": "Sheet", "wipe": "Wipe"}


def chosen() -> bool:
    """Whether the images are shown over one another, by a control of two."""
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        key=key(url.PAGE, "view"),
        required=True,
        label_visibility="collapsed",
    )
    return view == "wipe"


def draw(shown: Shown, rows: Sequence[Row]) -> None:
    """The images with their divider; rows without images yet are left out."""
    layers = [
        Layer("clean", "Clean", shown.clean),
        *(
            Layer(KEYS[row.name], row.title, to_uint8(row.images), marks=_marks(row.scores["psnr_db"]))
            for row in rows
            if row.images is not None and row.scores is not None
        ),
    ]
    noisy = any(layer.key == "noisy" for layer in layers)
    wiper(
        layers,
        ("noisy" if noisy else "clean", "output"),
        shown.clean,
        shown.result.noisy,
        shown.titles,
        place=st.session_state[key(url.PAGE, "wipe")],
        visit=url_state.visit(url.PAGE),
        key="restore-wipe",
    )


def _marks(psnr: np.ndarray) -> list[str]:
    return [f"{value:.1f} dB" if np.isfinite(value) else "∞ dB" for value in psnr]
