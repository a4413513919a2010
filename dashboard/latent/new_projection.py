"""Computing a new projection from the page: settings, progress, and going back to the shipped one."""

from __future__ import annotations

from functools import partial

import streamlit as st

from aecore import access, data
from aecore.data.subset import SPLITS, training_rows
from aecore.errors import AecoreError, UserError
from aecore.format import count
from aecore.jobs import projection as projection_job
from aecore.jobs.projection_progress import ProjectionProgress
from aecore.latent.projection import AT_ONCE, MOST_ITERATIONS, MOST_PERPLEXITY, SEEDED, available_methods
from aecore.latent.projection_store import is_replaced, restore_shipped
from aecore.latent.request import MOST_PROJECTED, ProjectionRequest, code_size
from aecore.runs.run import Run
from aecore.viewer import point_cloud
from dashboard.cache import codes as cached_codes
from dashboard.cache.images import image_set
from dashboard.format import plain
from dashboard.latent.controls import METHODS, PAGE, Wanted
from dashboard.url_state import key
from dashboard.widgets.lasting_button import lasting_button

FEWEST = 50
"""Of fewer images no projection is offered."""


def available(run: Run, split: str) -> int:
    """How many images can be projected: those with saved codes, or all of them if the image set is on this machine."""
    known, wanted = 0, run.experiment().data
    if data.prepared(wanted.source):
        images = image_set(wanted.source)
        rows = training_rows(images.y_train, wanted) if split == "train" else slice(None)
        known = len(images.x_test) if split == "test" else len(images.y_train[rows])
    if split == "test" and (codes := cached_codes.codes(run)) is not None and codes.codes is not None:
        known = max(known, len(codes.indices))
    return min(known, MOST_PROJECTED)


def offer(wanted: Wanted) -> None:
    """A button that opens the settings of a new projection."""
    if not access.owns(wanted.run):
        return
    started = st.session_state.get(key(PAGE, "started"), 0)
    # A new key makes a new popover, which is closed: the moving points are what to look at now.
    with st.popover("New projection", icon=":material/add:", key=f"{key(PAGE, 'new')}-{started}"):
        settings(wanted)


def settings(wanted: Wanted) -> None:
    """The settings of a new projection, and the button that starts it."""
    run, most = wanted.run, available(wanted.run, wanted.images)
    if most < FEWEST:
        st.markdown("Neither the codes nor the image set are on this machine: there is nothing to project.")
        return
    method = st.segmented_control(
        "Method",
        list(available_methods()),
        format_func=METHODS.__getitem__,
        default="tsne",
        key="new-method",
        required=True,
    )
    size = code_size(run)
    dims = st.segmented_control(
        "Dimensions",
        [2, 3] if size > 2 else [2],
        format_func="{}D".format,
        default=wanted.dims,
        key="new-dims",
        required=True,
    )
    points = st.number_input(
        f"{SPLITS[wanted.images].capitalize()}s",
        50,
        most,
        min(3000, most),
        step=500,
        key=f"new-points-{wanted.images}-{most}",
    )
    if method == "tsne":
        perplexity = st.number_input(
            "Perplexity",
            1.0,
            float(MOST_PERPLEXITY),
            min(30.0, float((points - 2) // 3)),
            step=5.0,
            help="Roughly the number of neighbours considered for each point. Low: many small groups. High: the global "
            "structure.",
            key="new-perplexity",
        )
        iterations = st.number_input("Iterations", 10, MOST_ITERATIONS, 1000, step=250, key="new-iterations")
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="new-seed", help="Another seed gives another layout.")
        request = ProjectionRequest("tsne", int(dims or 3), points, perplexity, iterations, seed, wanted.images)
    elif method in SEEDED:
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="new-seed", help="Another seed gives another layout.")
        request = ProjectionRequest(str(method), int(dims or 3), points, seed=seed, images=wanted.images)
    else:
        request = ProjectionRequest(str(method), int(dims or 3), points, images=wanted.images)
    st.caption(
        f"Replaces the current {point_cloud.projection_title(request.method, request.dims)} of these images."
        f"{_of_time(request)}"
    )
    lasting_button("Start", partial(begin, run, request), icon=":material/play_arrow:", type="primary", key="new-start")


def _of_time(request: ProjectionRequest) -> str:
    """What to know about how long it takes."""
    if request.method in AT_ONCE:
        return ""
    return " Three dimensions take longer than two."


def begin(run: Run, request: ProjectionRequest) -> bool:
    """Start the job and switch the page to it; returns whether that was possible."""
    try:
        projection_job.start(run, request)
    except AecoreError as error:
        st.error(plain(str(error)))
        return False
    st.session_state[key(PAGE, "started")] = st.session_state.get(key(PAGE, "started"), 0) + 1
    st.session_state[key(PAGE, "turn")] = {
        "method": request.method,
        "dims": str(request.dims),
        "images": request.images,
        "over": request.over,
    }
    return True


def turn() -> None:
    """Show the projection that was just started: a widget's value can be set only before it is drawn."""
    for name, value in st.session_state.pop(key(PAGE, "turn"), {}).items():
        st.session_state[key(PAGE, name)] = value


def restore_button(wanted: Wanted) -> None:
    """For a shipped run whose projection was replaced: a button that restores the shipped one."""
    if not is_replaced(wanted.run, wanted.method, wanted.dims, wanted.images) or not access.owns(wanted.run):
        return
    st.button(
        "Restore the shipped projection",
        icon=":material/undo:",
        key=key(PAGE, "restore"),
        on_click=restore_shipped,
        args=(wanted.run, wanted.method, wanted.dims),
    )


def channel(run: Run, now: ProjectionProgress) -> str:
    """The channel on which the frames of this job are sent."""
    return f"{run.id} {now.process.get('pid')} {now.process.get('started')}"


def live(now: ProjectionProgress) -> tuple[dict[str, object], bytes]:
    """Progress and coordinates for the point cloud."""
    share = now.done / now.total if now.total else 0.0
    text = f"{METHODS[now.request.method]}: {now.stage}"
    if now.total:
        text = f"{METHODS[now.request.method]}: {now.done:,} of {count(now.total, 'iteration')}"
    about: dict[str, object] = {"text": text, "share": share}
    if now.coordinates is None or not len(now.coordinates):
        return about, b""
    steps = point_cloud.quantised(now.coordinates)
    return about | {"low": steps["low"], "step": steps["step"]}, steps["coordinates"]


def controls(run: Run, now: ProjectionProgress, shown: bool) -> None:
    """The status line of a projection job, with a button to stop or dismiss it."""
    title = point_cloud.projection_title(now.request.method, now.request.dims)
    words = f"{title} of {count(now.request.points, SPLITS[now.request.images])}"
    if now.request.over == "epochs":
        words = f"{title} over the epochs"
    with st.container(horizontal=True, vertical_alignment="center", key=key(PAGE, "job")):
        if now.state == "running":
            if not shown:
                st.markdown(f":material/hourglass_top: {words} is being computed.")
            options = {"icon": ":material/stop:", "disabled": not access.owns(run)}
            lasting_button("Stop", partial(_stop, run), key=key(PAGE, "stop"), **options)
            return
        if now.state == "failed":
            st.error(f"{words}: {plain(now.error)}", icon=":material/error:")
        else:
            st.warning(f"{words} was interrupted: its process exited unexpectedly.", icon=":material/power_off:")
        if access.owns(run):
            st.button("Dismiss", key=key(PAGE, "dismiss"), on_click=projection_job.forget, args=(run,))


def _stop(run: Run) -> bool:
    try:
        projection_job.stop(run)
    except UserError as error:
        st.error(plain(str(error)))
        return False
    return True
