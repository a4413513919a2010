"""What was understood of the user's own images, before anything trains on them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from aecore import data
from aecore.data import cache
from aecore.data.cache import Opened
from aecore.data.custom import source as custom_source
from aecore.data.custom.understood import Understood
from aecore.data.image_set import DataSet
from dashboard.cache.images import sheet

SHOWN = 16
"""Images that are shown, evenly spread over the training images."""
SHOWN_SIDE = 64
REMARKS = ("left out:", "copies:", "note:")
"""Lines of the report that begin so are shown as remarks."""
GAP = 2
"""White pixels between the images."""


class Read(NamedTuple):
    """An image set, and where its images and the report on them are kept if they are one's own."""

    about: DataSet
    own: Opened | None


def read_images(source: str) -> Read:
    """The image set of that name or path; the user's own images are read the first time, which may take a while.

    A folder is listed only once, as this runs at every change of a widget. Raises `UserError` with what is wrong.
    """
    if not custom_source.is_path(source):
        return Read(data.data_set(source), None)
    with st.spinner("Reading your images…"):
        opened = custom_source.ensure(source, lambda what, done, total: None, thorough=False)
    return Read(opened.about, opened)


def own_images(read: Read) -> None:
    """The report on images of one's own, with some of them to look at; nothing for a set of the catalogue."""
    if read.own is None:
        return
    report = custom_source.report_of(read.own)
    with st.container(border=True, key="own-images"):
        st.markdown("**Your images, as they were understood**")
        examples(cache.arrays(read.own.folder).x_train)
        st.markdown(facts(report))
        remarks = [line for line in report.lines() if line.startswith(REMARKS)]
        if remarks:
            st.warning("\n".join(f"- {escaped(line)}" for line in remarks), icon=":material/rule:")


def facts(report: Understood) -> str:
    """The plain facts as a list in Markdown."""
    lines = [line for line in report.lines() if not line.startswith(REMARKS)]
    named = [line.partition(": ") for line in lines]
    return "\n".join(f"- **{escaped(name)}**: {escaped(text)}" for name, _, text in named)


def examples(images: np.ndarray) -> None:
    """Some of the training images uint8 (N, C, H, W) in two rows of tiles, as they will be trained on."""
    rows = np.unique(np.linspace(0, len(images) - 1, min(SHOWN, len(images))).round().astype(int))
    tiles = np.pad(images[rows], [(0, 0), (0, 0), (0, GAP), (0, GAP)], constant_values=255)
    picture, _ = sheet(tiles, SHOWN // 2)
    width = min(tiles.shape[3], SHOWN_SIDE) * min(SHOWN // 2, len(rows))
    st.image(picture, width=max(width, 320), caption=f"{len(rows)} of the training images, as the model will see them")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()#+-.!|<>$~:" else sign for sign in text)
