"""The point cloud of the page: of the projection being computed, as its points move, else of the saved one."""

from __future__ import annotations

from functools import partial

import streamlit as st

from aecore import access
from aecore.jobs import projection as projection_job
from aecore.latent.projection import AT_ONCE
from dashboard.cache.images import image_info
from dashboard.components.point_cloud import HEIGHT, cloud
from dashboard.components.point_cloud.frames import send
from dashboard.components.point_cloud.ship import live_view, view
from dashboard.latent import new_image, new_projection
from dashboard.latent.controls import PAGE, PINNED, Wanted, find_projection, project_now
from dashboard.latent.links import follow_direction


def show(wanted: Wanted, start: dict[str, str]) -> None:
    """The point cloud: of the projection being computed, as its points move, else of the saved one."""
    run, now = wanted.run, projection_job.read_progress(wanted.run)
    if (now.state if now else None) != st.session_state.get(f"{PAGE}-state"):
        st.rerun()  # it started or ended: the rest of the page changes too
    own = now is not None and _about(now) == (wanted.method, wanted.dims, wanted.images, "last")
    above, place = st.container(), st.container()
    if own and now is not None and now.state == "running":
        shown = in_progress(wanted, now)
    else:
        made = find_projection(wanted)
        if made is None and wanted.method not in AT_ONCE:
            made = project_now(Wanted(run, "pca", wanted.dims, wanted.images))
            if made is not None:
                st.markdown(f"This run has no {wanted.title} yet; this is its PCA. *New projection* computes one.")
        shown = view(run, made) if made else None
        if shown is not None and made is not None:
            shown["extra"] = new_image.placed(run, made)
            if made.remark:
                above.warning(f"{made.remark[0].upper()}{made.remark[1:]}.", icon=":material/warning:")
    with place:
        if shown is None:
            if not (own and now is not None and now.state == "running"):
                nothing_there(wanted)
            else:
                st.skeleton(height=HEIGHT)
        else:
            pinned = cloud(
                [shown],
                classes=image_info(run).classes,
                images=f"{run.experiment().data.source} {wanted.images}",
                key=f"{PAGE}-cloud",
                address=True,
                start=start,
                file=wanted.file,
                direct=partial(follow_direction, run) if wanted.images == "test" else None,
            )
            # The new image below is a test image: it follows the pinned point only where that is one too.
            st.session_state[PINNED] = pinned if wanted.images == "test" else None
    if now is not None:
        new_projection.controls(run, now, own)


def _about(now: projection_job.ProjectionProgress) -> tuple[str, int, str, str]:
    return now.request.method, now.request.dims, now.request.images, now.request.over


def in_progress(wanted: Wanted, now: projection_job.ProjectionProgress) -> dict | None:
    """The points as they move; before that, the previous projection, or the PCA that they start from."""
    run, channel = wanted.run, new_projection.channel(wanted.run, now)
    about, coordinates = new_projection.live(now)
    send(channel, about, coordinates)
    if coordinates:
        return live_view(run, wanted.method, wanted.dims, now.indices, now.labels, channel, wanted.images)
    made = find_projection(wanted) or project_now(Wanted(run, "pca", wanted.dims, wanted.images))
    return {**view(run, made), "live": channel} if made else None


def nothing_there(wanted: Wanted) -> None:
    """Shown when there is no projection, and no codes to compute one from at once."""
    if new_projection.available(wanted.run, wanted.images) < new_projection.FEWEST:
        why = "Neither the codes nor the image set are on this machine: there is nothing to project."
    else:
        why = "*New projection* computes one." if access.owns(wanted.run) else ""
    st.info(f"This run has no {wanted.title} yet. {why}", icon=":material/scatter_plot:")
