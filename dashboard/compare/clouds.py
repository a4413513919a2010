"""The latent spaces of several runs side by side, with a shared camera."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.latent.projection import SHIPPED, TITLES
from aecore.runs.run import Run
from aecore.runs.summary import MARK
from dashboard.cache import runs
from dashboard.cache.images import image_info
from dashboard.compare import export
from dashboard.components.point_cloud import cloud
from dashboard.components.point_cloud.ship import view
from dashboard.format import plain
from dashboard.url_state import key
from dashboard.widgets import figure_export

METHODS = {"tsne": TITLES["tsne"], **TITLES}  # t-SNE first


def _shown(page: str, chosen: Sequence[Run]) -> list[str]:
    """The methods that need no package, and those of which one of the runs has a projection or that is chosen."""
    wanted = st.session_state.get(key(page, "method"))
    return [
        method
        for method in METHODS
        if method in SHIPPED
        or method == wanted
        or any(runs.projection(run, method, dims) for run in chosen for dims in (2, 3))
    ]


def side_by_side(page: str, chosen: Sequence[Run], titles: Sequence[str]) -> None:
    """The projection of one kind of each run; runs without one are listed."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.segmented_control(
            "Projection", _shown(page, chosen), format_func=METHODS.__getitem__, key=key(page, "method"), required=True
        )
        dims = st.segmented_control(
            "Dimensions", [2, 3], format_func="{}D".format, key=key(page, "dims"), required=True
        )
    found = [runs.projection(run, method or "tsne", dims or 3) for run in chosen]
    missing = [title for title, projection in zip(titles, found, strict=True) if projection is None]
    if missing:
        st.caption(
            f"No {METHODS[method or 'tsne']} in {dims}D yet for {', '.join(missing)}: compute it on the Latent space "
            "page. A code of two units has no 3D projection."
        )
    for title, projection in zip(titles, found, strict=True):
        if projection is not None and projection.remark:
            st.caption(f"{MARK} {plain(title)}: {projection.remark}.")
    place = st.container()
    views = [
        view(run, projection, title)
        for run, title, projection in zip(chosen, titles, found, strict=True)
        if projection is not None
    ]
    if views:
        with place:
            cloud(views, classes=image_info(chosen[0]).classes, key="compare-clouds", height=420)
            figure_export.export(
                lambda: export.clouds(chosen, found, titles), f"clouds-of-{len(views)}-runs", key=f"{page}-clouds"
            )
