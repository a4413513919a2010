"""Which drawing is shown: the run, the method, and two or three dimensions."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import streamlit as st

from aecore import demo
from aecore.latent.codes import Codes
from aecore.latent.projection_store import Projection
from aecore.latent.request import ProjectionRequest, code_size, project_codes, subset_of_codes
from aecore.metrics.projection import NEIGHBOURS
from aecore.runs.store import CODES, WEIGHTS, Run
from aecore.viewer import point_cloud
from dashboard.cache import codes as cached_codes
from dashboard.cache import runs
from dashboard.cache.keyed import keyed_on
from dashboard.url_state import Field, key, one_of
from dashboard.widgets import run_picker

PAGE = "latent"
METHODS = point_cloud.TITLES
START = ("point", "color", "camera")
"""What a link may say of the first look; from then on the component keeps it behind the #."""
FIELDS = {
    "run": Field(""),
    "method": Field("", one_of("", *METHODS)),
    "dims": Field("", one_of("", "2", "3")),
}
DRAWN_AT_ONCE = 3000
"""So many codes are drawn where nothing was drawn yet."""


@dataclass(frozen=True)
class Wanted:
    """What the page is asked to show, of which run."""

    run: Run
    method: str
    dims: int

    @property
    def words(self) -> str:
        return point_cloud.projection_title(self.method, self.dims)


def choose() -> Wanted | None:
    """Pickers in a row; the page's fields hold what they say. None where there is no run to look at."""
    state, method, dims = st.session_state, key(PAGE, "method"), key(PAGE, "dims")
    run = run_picker.choose(PAGE, width=330)
    if run is None:
        return None
    size = code_size(run)
    if size < 2:
        st.info(f"{run.id} has a code of {size}: there is nothing to draw.", icon=":material/scatter_plot:")
        return None
    if state.get(dims) not in ("2", "3") or int(state[dims]) > size:
        state[dims] = "3" if size > 2 else "2"
    if state.get(method) not in METHODS:  # the best that is there
        state[method] = "tsne" if runs.projection(run, "tsne", int(state[dims])) else "pca"
    st.segmented_control(
        "Drawing",
        list(METHODS),
        format_func=METHODS.__getitem__,
        key=method,
        required=True,
        help="PCA: the directions in which the codes vary most. t-SNE: what is near stays near. Units: the first units "
        "of the code as they are.",
    )
    st.segmented_control(
        "Dimensions",
        ["2", "3"] if size > 2 else ["2"],
        format_func="{}D".format,
        key=dims,
        required=True,
    )
    return Wanted(run, state[method], int(state[dims]))


def drawing(wanted: Wanted) -> Projection | None:
    """What was kept; PCA and units, which take a moment, are drawn where they were not. None without codes, and for a
    t-SNE, which takes longer."""
    found = runs.projection(wanted.run, wanted.method, wanted.dims)
    if found is not None or wanted.method == "tsne":
        return found
    return at_once(wanted)


def at_once(wanted: Wanted) -> Projection | None:
    """PCA or units of the run's codes, drawn here and kept with the run where that is allowed."""
    codes = cached_codes.codes(wanted.run)
    if codes is None or codes.codes is None or len(codes.indices) <= 2 * NEIGHBOURS:
        return None
    return _drawn(wanted.run, wanted.method, wanted.dims, codes.indices.tobytes(), codes)


@keyed_on((CODES, WEIGHTS), max_entries=8, show_spinner="Drawing the codes…")
def _drawn(run: Run, method: str, dims: int, which: bytes, _codes: Codes) -> Projection:
    made = project_codes(subset_of_codes(_codes, DRAWN_AT_ONCE), ProjectionRequest(method, dims))
    if not demo.mode():
        with contextlib.suppress(OSError):  # a store that cannot be written to is still looked at
            made.save(run)
    return made
