"""Latent space: a run's codes as a rotatable point cloud, with their images and neighbours."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aecore.jobs import projection as projection_job
from aecore.runs.run import Run
from dashboard import page, url_state
from dashboard.cache import runs
from dashboard.cache.images import image_info
from dashboard.format import plain
from dashboard.latent import export, new_image, new_projection, over_epochs
from dashboard.latent.controls import FIELDS, PAGE, choose
from dashboard.latent.links import directions_link, first_look, save_as_page
from dashboard.latent.moving_cloud import show
from dashboard.navigation import route
from dashboard.widgets import run_picker

route()

TICK_S = 0.5


def view_page() -> None:
    url_state.arrive(PAGE, FIELDS)
    bar = st.container(horizontal=True, vertical_alignment="bottom", key=f"{PAGE}-bar")
    with bar:
        run = run_picker.choose(PAGE, width=290, code="a latent space needs")
    if run is not None:
        page.part(codes_as_points, [run], PAGE, FIELDS)(run, bar)


def codes_as_points(run: Run, bar: DeltaGenerator) -> None:
    """What is chosen beside the run, in the `bar`, and the points."""
    new_projection.turn()
    with bar:
        wanted = choose(run)
        if wanted is None:
            return
        more = st.container(horizontal=True, width="content")
    url_state.keep(PAGE, FIELDS)
    start = first_look()
    now = projection_job.read_progress(wanted.run)
    st.session_state[f"{PAGE}-state"] = now.state if now else None
    running = now is not None and now.state == "running"
    if wanted.over == "epochs":
        over_epochs.draw(wanted, start, running)
        st.caption(plain(image_info(wanted.run).citation))
        return
    saved = runs.projection(wanted.run, wanted.method, wanted.dims, wanted.images)
    cloud_of = page.fragment(show, run_every=TICK_S if running else None)
    main, below = st.container(), st.container()
    if new_image.is_open():  # the new image has to be known before the cloud is drawn
        with below:
            new_image.panel(wanted.run)
        with main:
            cloud_of(wanted, start)
    else:
        with main:
            cloud_of(wanted, start)
        with below:
            new_image.panel(wanted.run)
    with more:  # after the points, which one waits for: a dozen settings and menus that are still closed
        new_projection.offer(wanted)
        if saved is not None:
            save_as_page(wanted)
            export.menu(wanted.run, saved, wanted.file, PAGE)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(image_info(wanted.run).citation))
        directions_link(wanted.run)
        new_projection.restore_button(wanted)


page.heading("Latent space")
page.draw(view_page)
