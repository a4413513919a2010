"""Test images for pages: from the image set if it is here, else small ones that ship with the project or the run."""

from __future__ import annotations

import base64
import io
from typing import NamedTuple

import numpy as np
import streamlit as st

from aecore import data
from aecore.data import thumbnails
from aecore.data.image_set import ImageInfo
from aecore.errors import AecoreError
from aecore.latent.codes import Codes
from aecore.runs.run import Run
from dashboard.cache import runs

LOSSLESS_PIXELS = 12_000_000
"""Larger colour sheets are compressed lossily."""


def pictures_of(run: Run, codes: Codes, rows: np.ndarray | None = None) -> np.ndarray | None:
    """The images of these rows of the run's codes, uint8 (N, C, h, w); None if they are not available.

    The image set has them at full size; large ones that only the run stores are scaled down.
    """
    chosen = np.arange(len(codes.indices)) if rows is None else rows
    name = run.experiment().data.source
    if data.prepared(name):
        images = image_set(name)
        return np.array((images.x_test if codes.split == "test" else images.x_train)[codes.indices[chosen]])
    if codes.split != "test":
        return None
    if codes.images is not None:
        return codes.images[chosen]
    return thumbnails.shipped(name, codes.indices[chosen], codes.labels[chosen])


def panel_of(run: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The images of the run's own panel, uint8 (P, C, H, W), with labels and indices; None where it has none."""
    try:
        kept = runs.snapshots(run)
        return kept["clean"], kept["labels"], kept["indices"]
    except (AecoreError, KeyError):
        return None


def sheet(tiles: np.ndarray, per_line: int) -> tuple[bytes, str]:
    """Tiles uint8 (N, C, H, W) in reading order as one picture, and its media type; lossless unless it would be
    large."""
    if tiles.shape[1] not in (1, 3):
        tiles = tiles[:, :1]
    buffer = io.BytesIO()
    picture = thumbnails.sheet_of(tiles, per_line)
    if tiles.shape[1] == 1:
        picture.save(buffer, "PNG", compress_level=6)
        return buffer.getvalue(), "image/png"
    small = tiles[:, 0].size <= LOSSLESS_PIXELS and tiles.shape[0] <= 1000
    picture.save(buffer, "WEBP", lossless=small, quality=80, method=2)
    return buffer.getvalue(), "image/webp"


def data_uri(tile: np.ndarray) -> str:
    """One image uint8 (C, H, W) as a PNG data URI."""
    return "data:image/png;base64," + base64.b64encode(sheet(tile[None], 1)[0]).decode()


class Images(NamedTuple):
    """Images to show: uint8 (N, C, H, W), their labels and their indices in the test set."""

    clean: np.ndarray
    labels: np.ndarray
    numbers: np.ndarray
    whole_test_set: bool


def image_info(run: Run) -> ImageInfo:
    """Name, shape and classes of the run's images."""
    return run.image_info()


def test_images(run: Run) -> Images:
    """The run's test set, or the panel stored with the run when the set is not on this machine.

    Raises `DamagedError` when there is neither.
    """
    name = run.experiment().data.source
    if data.prepared(name):
        images = image_set(name)
        return Images(images.x_test, images.y_test, np.arange(len(images.x_test)), True)
    panel = runs.snapshots(run)
    return Images(panel["clean"], panel["labels"], panel["indices"], False)


@st.cache_resource(max_entries=4, show_spinner=False)
def image_set(name: str) -> data.ImageSet:
    """The whole image set, opened once."""
    return data.load(name)
