"""Codes as point clouds in a report."""

from __future__ import annotations

import streamlit as st

from aecore.latent.projection_store import Projection
from aecore.runs.run import Run
from dashboard import page
from dashboard.cache.images import image_info
from dashboard.components.point_cloud import cloud as draw_clouds
from dashboard.components.point_cloud.ship import view
from dashboard.latent import export


def cloud(run: Run, found: Projection, key: str) -> None:
    """A projection as a rotatable point cloud; a fragment, so that pinning a point redraws nothing else."""
    page.fragment(_cloud)(run, found, key)


def _cloud(run: Run, found: Projection, key: str) -> None:
    place = st.container()
    shown = view(run, found, plain=True)
    with place:
        draw_clouds(
            [shown],
            classes=image_info(run).classes,
            images=run.experiment().data.source,
            key=key,
            height=480,
            file=f"{run.id}-{found.method}-{found.dims}d",
        )
        export.menu(run, found, f"{run.id}-{found.method}-{found.dims}d", key)
