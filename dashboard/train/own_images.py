"""What was understood of the user's own images, before anything trains on them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore import data
from aecore.data.custom.source import is_path
from aecore.data.custom.understood import Understood
from aecore.data.image_set import DataSet
from dashboard.cache.images import sheet

SHOWN = 16
"""Images that are shown, evenly spread over the training images."""
SHOWN_SIDE = 64
GAP = 2
"""White pixels between the images."""


def read_images(source: str) -> DataSet:
    """The image set of that name or path; the user's own images are read the first time, which may take a while.

    Raises `UserError` with what is wrong.
    """
    if not is_path(source) or data.prepared(source):
        return data.data_set(source)
    with st.spinner("Reading your images…"):
        return data.data_set(source)


def own_images(source: str) -> None:
    """The report on images of one's own, with some of them to look at; nothing for a set of the catalogue."""
    report = data.understood(source)
    if report is None:
        return
    with st.container(border=True, key="own-images"):
        st.markdown("**Your images, as they were understood**")
        examples(source)
        st.markdown(facts(report))
        remarks = [line for line in report.lines() if line.startswith(("left out:", "copies:", "note:"))]
        if remarks:
            st.warning("\n".join(f"- {escaped(line)}" for line in remarks), icon=":material/rule:")


def facts(report: Understood) -> str:
    """The plain facts as a list in Markdown."""
    lines = [line for line in report.lines() if not line.startswith(("left out:", "copies:", "note:"))]
    named = [line.partition(": ") for line in lines]
    return "\n".join(f"- **{escaped(name)}**: {escaped(text)}" for name, _, text in named)


def examples(source: str) -> None:
    """Some training images in one row of tiles, as they will be trained on."""
    images = data.load(source).x_train  # opened anew: the folder may have changed since the last look
    rows = np.unique(np.linspace(0, len(images) - 1, min(SHOWN, len(images))).round().astype(int))
    tiles = np.pad(images[rows], [(0, 0), (0, 0), (0, GAP), (0, GAP)], constant_values=255)
    picture, _ = sheet(tiles, SHOWN // 2)
    width = min(tiles.shape[3], SHOWN_SIDE) * min(SHOWN // 2, len(rows))
    st.image(picture, width=max(width, 320), caption=f"{len(rows)} of the training images, as the model will see them")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()#+-.!|<>$~:" else sign for sign in text)
