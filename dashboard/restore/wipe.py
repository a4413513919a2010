"""Two versions of the images over one another: clean, noisy, the model's, a method's without a network."""

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
VIEWS = {"hand": "By hand", "sheet": "Sheet", "wipe": "Wipe"}
HINT = (
    "By hand: the strength follows the slider, in the browser. Sheet: the noise that evaluations have, sorting, "
    "methods without a network, your own image. Wipe: two versions over one another."
)


def choose_view(by_hand: bool, first: bool) -> str:
    """How the images are shown, a key of `VIEWS`: by hand only where the networks run in the browser, and where nothing
    was asked for if that is the `first` choice."""
    names = [name for name in VIEWS if by_hand or name != "hand"]
    if st.session_state.get(key(url.PAGE, "view")) not in names:
        st.session_state[key(url.PAGE, "view")] = "hand" if by_hand and first else "sheet"
    chosen = st.segmented_control(
        "View", names, format_func=VIEWS.__getitem__, key=key(url.PAGE, "view"), required=True, help=HINT
    )
    return chosen or "sheet"


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
