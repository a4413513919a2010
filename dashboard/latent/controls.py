"""Which projection to show: the run, the method, and two or three dimensions."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import streamlit as st

from aecore import access, data
from aecore.data.subset import SPLITS
from aecore.latent import epoch_projection
from aecore.latent.codes import Codes
from aecore.latent.projection import AT_ONCE, TITLES, available_methods
from aecore.latent.projection_store import Projection, projection_file_name
from aecore.latent.request import OVER, ProjectionRequest, code_size, project_codes, subset_of_codes
from aecore.metrics.projection import NEIGHBOURS
from aecore.runs.run import CODES, WEIGHTS, Run
from aecore.viewer import point_cloud
from dashboard.cache import codes as cached_codes
from dashboard.cache import runs
from dashboard.cache.epochs import over_epochs
from dashboard.cache.keyed import keyed_on
from dashboard.url_state import Field, epoch, key, one_of

PAGE = "latent"
METHODS = TITLES
SHOWN = {"test": "Test", "train": "Training"}
START = ("point", "color", "camera")
"""What a link may set of the initial view; from then on the component keeps it after the #."""
FIELDS = {
    "run": Field(""),
    "method": Field("", one_of("", *METHODS)),
    "dims": Field("", one_of("", "2", "3")),
    "images": Field("test", one_of(*SPLITS)),
    "over": Field("last", one_of(*OVER)),
    "epoch": Field(None, epoch, browser=True),
}
OVER_TITLES = {"last": "Trained", "epochs": "Over the epochs"}
PINNED = f"{PAGE}-pinned"
"""Where the session keeps the number of the pinned point."""
MOST_AT_ONCE = 3000
"""The number of codes that are projected if there is no saved projection yet."""


@dataclass(frozen=True)
class Wanted:
    """What the page is asked to show, of which run."""

    run: Run
    method: str
    dims: int
    images: str = "test"
    """Of which images: one of `SPLITS`."""
    over: str = "last"
    """Of which codes: one of `OVER`."""

    @property
    def title(self) -> str:
        return point_cloud.projection_title(self.method, self.dims)

    @property
    def file(self) -> str:
        """A name for files of it, without a suffix."""
        return f"{self.run.id}-{projection_file_name(self.method, self.dims, self.images).removesuffix('.safetensors')}"


def choose(run: Run) -> Wanted | None:
    """A row of pickers, which set the page's fields. None if the run's codes are too small."""
    state, method, dims = st.session_state, key(PAGE, "method"), key(PAGE, "dims")
    size = code_size(run)
    if size < 2:
        st.info(f"{run.id} has a code of size {size}: there is nothing to project.", icon=":material/scatter_plot:")
        return None
    over = choose_over()
    if state.get(dims) not in ("2", "3") or int(state[dims]) > size:
        state[dims] = "3" if size > 2 else "2"
    if over == "epochs":
        images, methods = "test", list(epoch_projection.METHODS)
        if state.get(method) not in methods:
            state[method] = "tsne" if over_epochs(run, "tsne", int(state[dims])) else "pca"
    else:
        images = _choose_images(run)
        if state.get(method) not in METHODS:  # the best available
            state[method] = "tsne" if runs.projection(run, "tsne", int(state[dims]), images) else "pca"
        methods = shown_methods(run, images, state[method])
    st.segmented_control(
        "Projection",
        methods,
        format_func=METHODS.__getitem__,
        key=method,
        required=True,
        help="PCA: the directions in which the codes vary most. t-SNE, UMAP, PaCMAP: neighbours stay neighbours. "
        "Units: the first units of the code as they are.",
    )
    st.segmented_control(
        "Dimensions",
        ["2", "3"] if size > 2 else ["2"],
        format_func="{}D".format,
        key=dims,
        required=True,
    )
    return Wanted(run, state[method], int(state[dims]), images, over)


def choose_over() -> str:
    """The codes of the trained network, or those that were kept over its epochs."""
    field = key(PAGE, "over")
    st.segmented_control(
        "Codes",
        list(OVER),
        format_func=OVER_TITLES.__getitem__,
        key=field,
        required=True,
        help="Of the trained network, or of the same test images after many epochs of its training, as a film.",
    )
    return st.session_state.get(field) or "last"


def shown_methods(run: Run, images: str, chosen: str) -> list[str]:
    """The methods that can be computed here, those of which the run has a projection, and the one that is chosen."""
    able = available_methods()
    return [
        method
        for method in METHODS
        if method in able or method == chosen or any(runs.projection(run, method, dims, images) for dims in (2, 3))
    ]


def _choose_images(run: Run) -> str:
    """Test images, or those that the run was trained on where they are here or were projected before."""
    state, field = st.session_state, key(PAGE, "images")
    known = data.prepared(run.experiment().data.source) or any(
        runs.projection(run, method, dims, "train") for method in METHODS for dims in (2, 3)
    )
    if not known and state.get(field) == "train":
        st.warning("The training images of this run are not on this machine.", icon=":material/image_not_supported:")
        state[field] = "test"
    if known:
        st.segmented_control("Images", list(SPLITS), format_func=SHOWN.__getitem__, key=field, required=True)
    return state.get(field) or "test"


def find_projection(wanted: Wanted) -> Projection | None:
    """The saved projection; PCA and code units, which take a moment, are computed if there is none. None without
    codes, and for a t-SNE, which takes longer."""
    found = runs.projection(wanted.run, wanted.method, wanted.dims, wanted.images)
    if found is not None or wanted.method not in AT_ONCE:
        return found
    return project_now(wanted)


def project_now(wanted: Wanted) -> Projection | None:
    """PCA or units of the run's codes, computed here and saved with the run if that is allowed."""
    codes = cached_codes.codes(wanted.run, wanted.images)
    if codes is None or codes.codes is None or len(codes.indices) <= 2 * NEIGHBOURS:
        return None
    which = wanted.images.encode() + codes.indices.tobytes()
    return _projected(wanted.run, wanted.method, wanted.dims, which, codes)


@keyed_on((CODES, WEIGHTS), show_spinner="Projecting the codes…")
def _projected(run: Run, method: str, dims: int, which: bytes, _codes: Codes) -> Projection:
    made = project_codes(subset_of_codes(_codes, MOST_AT_ONCE), ProjectionRequest(method, dims))
    if access.owns(run):
        with contextlib.suppress(OSError):  # a read-only store can still be viewed
            made.save(run)
    return made
