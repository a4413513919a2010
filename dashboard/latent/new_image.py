"""Projecting an image that is not one of the points: a corrupted test image, or an upload."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from aecore.data.convert import to_uint8
from aecore.latent.projection import project_new
from aecore.latent.projection_store import Projection
from aecore.metrics.projection import NEIGHBOURS
from aecore.runs.run import WEIGHTS, Run
from dashboard.cache import codes as cached_codes
from dashboard.cache import models
from dashboard.cache.images import image_info
from dashboard.latent.controls import PAGE, PINNED
from dashboard.url_state import key
from dashboard.widgets import corruption_form, upload
from dashboard.widgets.image_picker import gallery

SOURCES = {"test": "A test image, corrupted", "own": "Your image"}


class NewImage(NamedTuple):
    """The image to project: float32 (C, H, W) on the [0, 1] scale, and its title."""

    image: np.ndarray
    title: str
    label: int = -1
    """Its class, -1 where that is not known."""


def choose(run: Run, pinned: int | None) -> NewImage | None:
    """Widgets for a new image; None if there is none."""
    shape = image_info(run).image_shape
    images = gallery(run)
    if not run.file(WEIGHTS).is_file() or images is None:
        st.markdown("There are no images on this machine to project.")
        return None
    source = st.segmented_control(
        "Image", list(SOURCES), format_func=SOURCES.__getitem__, default="test", key="newcomer-source", required=True
    )
    if source == "own":
        own = upload.choose_own(shape, upload.on_black(images.images(range(min(len(images.numbers), 50)))))
        return None if own is None else NewImage(own.fitted.image.astype(np.float32) / np.float32(255), own.name)
    return _corrupted(run, images, pinned, shape)


def _corrupted(run: Run, images: Any, pinned: int | None, shape: tuple[int, int, int]) -> NewImage:
    known = images.numbers
    if pinned is not None and pinned != st.session_state.get("newcomer-pinned") and pinned in known:
        st.session_state["newcomer-number"] = pinned  # follows the pinned image until another is chosen here
    st.session_state["newcomer-pinned"] = pinned
    state = st.session_state
    state["newcomer-number"] = min(max(int(state.get("newcomer-number", known[0])), int(known[0])), int(known[-1]))
    number = st.number_input(
        "Test image", int(known[0]), int(known[-1]), key="newcomer-number", help="By default that of the pinned point."
    )
    row = min(int(np.searchsorted(known, number)), len(known) - 1)
    corruption = corruption_form.choose_corruption(run, shape)
    draw = corruption_form.choose_draw(corruption)
    shown = models.corrupted(run, images.images([row]), corruption, draw)[0]
    title = f"{images.name(row)}, {corruption.label if corruption.active else 'clean'}"
    return NewImage(shown, title, int(images.labels[row]))


def projected(run: Run, projection: Projection, found: NewImage) -> dict[str, Any] | None:
    """The new image for the point cloud: position, code, pixels. None for runs whose codes are not stored."""
    kept = cached_codes.codes(run, projection.split)
    if kept is None or kept.codes is None:
        return None
    rows = np.searchsorted(kept.indices, projection.indices)
    rows = np.minimum(rows, len(kept.indices) - 1)
    there = kept.indices[rows] == projection.indices
    codes, points = kept.codes[rows[there]], projection.coordinates[there]
    if len(codes) <= NEIGHBOURS:
        return None
    code = models.codes_of_images(run, found.image[None], np.array([found.label]))
    where = project_new(codes, points, code, projection.method)[0]
    pixels = to_uint8(found.image)
    pixels = pixels if len(pixels) in (1, 3) else pixels[:1]
    channels, height, width = pixels.shape
    exact = {
        "pca": "Exact position: the same projection, applied to its code.",
        "units": "Exact position: the first units of its code.",
    }
    note = f"t-SNE cannot project new images; this one is placed among the {NEIGHBOURS} points with the nearest codes."
    stamp = hashlib.sha256(pixels.tobytes() + where.tobytes()).hexdigest()[:16]
    return {
        "stamp": stamp,
        "place": where.astype(float).tolist(),
        "label": found.label,
        "code": code[0].astype(float).tolist(),
        "image": {
            "data": base64.b64encode(pixels.tobytes()).decode(),
            "width": width,
            "height": height,
            "channels": channels,
        },
        "title": found.title,
        "note": exact.get(projection.method, note),
    }


def is_open() -> bool:
    return bool(st.session_state.get(key(PAGE, "place")))


def open_panel() -> Any:
    """The section for it; while closed, nothing in it is computed and torch is not loaded."""
    return st.expander(
        "Project a new image",
        icon=":material/add_photo_alternate:",
        on_change="rerun",
        key=key(PAGE, "place"),
    )


def placed(run: Run, made: Projection) -> dict | None:
    """The new image chosen below, projected among the points."""
    found = st.session_state.get(f"{PAGE}-newcomer")
    if found is None or found[0] != run.id:
        return None
    return projected(run, made, found[1])


def panel(run: Run) -> None:
    """The section below the point cloud in which to choose a new image."""
    section = open_panel()
    with section:
        if not section.open:
            st.session_state.pop(f"{PAGE}-newcomer", None)
            return
        codes = cached_codes.codes(run)
        if codes is None or codes.codes is None:
            st.markdown("Codes this wide are not stored, so a new image cannot be projected among them.")
            st.session_state.pop(f"{PAGE}-newcomer", None)
            return
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"{PAGE}-newcomer-bar"):
            found = choose(run, st.session_state.get(PINNED))
        if found is None:
            st.session_state.pop(f"{PAGE}-newcomer", None)
        else:
            st.session_state[f"{PAGE}-newcomer"] = (run.id, found)
