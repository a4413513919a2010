"""The code spaces of several runs side by side; turning one turns all."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.store import Run
from dashboard import inference, runs
from dashboard.address import key
from dashboard.cloud import cloud
from dashboard.cloud.view import view

METHODS = {"tsne": "t-SNE", "pca": "PCA", "units": "First units"}


def side_by_side(page: str, chosen: Sequence[Run], titles: Sequence[str]) -> None:
    """Every run's projection of one kind; those without one are named."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.segmented_control(
            "Drawn by", list(METHODS), format_func=METHODS.__getitem__, key=key(page, "method"), required=True
        )
        dims = st.segmented_control(
            "Dimensions", [2, 3], format_func="{}D".format, key=key(page, "dims"), required=True
        )
    found = [runs.projection(run, method or "tsne", dims or 3) for run in chosen]
    missing = [title for title, projection in zip(titles, found, strict=True) if projection is None]
    if missing:
        st.caption(
            f"No {METHODS[method or 'tsne']} in {dims}D yet of {', '.join(missing)}: the page Latent space makes one. "
            "A code of two units has none in 3D."
        )
    place = st.container()
    views = [
        view(run, projection, title)
        for run, title, projection in zip(chosen, titles, found, strict=True)
        if projection is not None
    ]
    if views:
        with place:
            cloud(views, classes=inference.about(chosen[0]).classes, key="compare-clouds", height=420)
