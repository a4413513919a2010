"""Latent space: a run's codes as a rotatable point cloud, with their images and neighbours."""

import streamlit as st

from aecore.jobs import projection as projection_job
from aecore.latent.projection_store import Projection
from aecore.runs.store import Run
from aecore.viewer.html_export import cloud_page
from dashboard import page, url_state
from dashboard.cache import codes as cached_codes
from dashboard.cache import runs
from dashboard.cache.images import image_info
from dashboard.components.point_cloud import HEIGHT, cloud
from dashboard.components.point_cloud.frames import send
from dashboard.components.point_cloud.ship import live_view, view
from dashboard.latent import new_image, new_projection
from dashboard.latent.controls import FIELDS, PAGE, START, Wanted, choose, find_projection, project_now
from dashboard.navigation import route

route()

TICK_S = 0.5
STATE = f"{PAGE}-pinned"


def first_look() -> dict[str, str]:
    """The initial view that a link asks for, taken out of the address: from then on the component keeps it there."""
    asked = {name: st.query_params[name] for name in START if name in st.query_params}
    for name in asked:
        del st.query_params[name]
    if asked:
        st.session_state[f"{PAGE}-start"] = asked
    return st.session_state.get(f"{PAGE}-start", {})


def save_as_page(wanted: Wanted) -> None:
    """The projection as one HTML file, made when the button is pressed."""
    run, method, dims = wanted.run, wanted.method, wanted.dims
    st.download_button(
        "Save as a web page",
        data=lambda: cloud_page(run, method, dims),
        file_name=f"{run.id}-{method}-{dims}d.html",
        mime="text/html",
        icon=":material/download:",
        key=f"{PAGE}-page",
        on_click="ignore",
        help="One file of 1 to 5 MB that opens without a server: the points with their images, and the decoder.",
    )


def nothing_there(wanted: Wanted) -> None:
    """Shown when there is no projection, and no codes to compute one from at once."""
    st.info(f"This run has no {wanted.title} yet.", icon=":material/scatter_plot:")
    with st.container(border=True, width=420):
        new_projection.settings(wanted)


def show(wanted: Wanted, start: dict[str, str]) -> None:
    """The point cloud: of the projection being computed, as its points move, else of the saved one."""
    run, now = wanted.run, projection_job.read_progress(wanted.run)
    if (now.state if now else None) != st.session_state.get(f"{PAGE}-state"):
        st.rerun()  # it started or ended: the rest of the page changes too
    own = now is not None and (now.request.method, now.request.dims) == (wanted.method, wanted.dims)
    place = st.container()
    if own and now is not None and now.state == "running":
        shown = in_progress(wanted, now)
    else:
        made = find_projection(wanted)
        if made is None and wanted.method == "tsne":
            made = project_now(Wanted(run, "pca", wanted.dims))
            if made is not None:
                st.markdown(f"This run has no {wanted.title} yet; this is its PCA. *New projection* computes one.")
        shown = view(run, made) if made else None
        if shown is not None and made is not None:
            shown["extra"] = extra(run, made)
    with place:
        if shown is None:
            if not (own and now is not None and now.state == "running"):
                nothing_there(wanted)
            else:
                st.skeleton(height=HEIGHT)
        else:
            st.session_state[STATE] = cloud(
                [shown],
                classes=image_info(run).classes,
                images=run.experiment().data.name,
                key=f"{PAGE}-cloud",
                address=True,
                start=start,
                file=f"{run.id}-{wanted.method}-{wanted.dims}d",
            )
    if now is not None:
        new_projection.controls(run, now, own)


def in_progress(wanted: Wanted, now: projection_job.ProjectionProgress) -> dict | None:
    """The points as they move; before that, the previous projection, or the PCA that they start from."""
    run, channel = wanted.run, new_projection.channel(wanted.run, now)
    about, coordinates = new_projection.live(now)
    send(channel, about, coordinates)
    if coordinates:
        return live_view(run, wanted.method, wanted.dims, now.indices, now.labels, channel)
    made = find_projection(wanted) or project_now(Wanted(run, "pca", wanted.dims))
    return {**view(run, made), "live": channel} if made else None


def extra(run: Run, made: Projection) -> dict | None:
    """The new image chosen below, projected among the points."""
    found = st.session_state.get(f"{PAGE}-newcomer")
    if found is None or found[0] != run.id:
        return None
    return new_image.projected(run, made, found[1])


def choose_new(run: Run) -> None:
    """The section below the point cloud in which to choose a new image."""
    panel = new_image.open_panel()
    with panel:
        if not panel.open:
            st.session_state.pop(f"{PAGE}-newcomer", None)
            return
        codes = cached_codes.codes(run)
        if codes is None or codes.codes is None:
            st.markdown("Codes this wide are not stored, so a new image cannot be projected among them.")
            st.session_state.pop(f"{PAGE}-newcomer", None)
            return
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"{PAGE}-newcomer-bar"):
            found = new_image.choose(run, st.session_state.get(STATE))
        if found is None:
            st.session_state.pop(f"{PAGE}-newcomer", None)
        else:
            st.session_state[f"{PAGE}-newcomer"] = (run.id, found)


def view_page() -> None:
    url_state.arrive(PAGE, FIELDS)
    new_projection.turn()
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{PAGE}-bar"):
        wanted = choose()
        if wanted is None:
            return
        new_projection.offer(wanted)
        if runs.projection(wanted.run, wanted.method, wanted.dims) is not None:
            save_as_page(wanted)
    url_state.keep(PAGE, FIELDS)
    start = first_look()
    now = projection_job.read_progress(wanted.run)
    st.session_state[f"{PAGE}-state"] = now.state if now else None
    running = now is not None and now.state == "running"
    cloud_of = st.fragment(show, run_every=TICK_S if running else None)
    main, below = st.container(), st.container()
    if new_image.is_open():  # the new image has to be known before the cloud is drawn
        with below:
            choose_new(wanted.run)
        with main:
            cloud_of(wanted, start)
    else:
        with main:
            cloud_of(wanted, start)
        with below:
            choose_new(wanted.run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(image_info(wanted.run).citation)
        new_projection.restore_button(wanted)


st.title("Latent space", anchor=False)
page.draw(view_page)
