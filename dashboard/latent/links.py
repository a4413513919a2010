"""What leads to the page and away from it: the initial view that a link asks for, and the page as a file."""

from __future__ import annotations

import streamlit as st

from aecore.runs.run import Run
from aecore.viewer.html_export import cloud_page
from dashboard.cache import codes as cached_codes
from dashboard.latent.controls import PAGE, START, Wanted


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
    # Codes of training images are in no file: those that the page shows are given to it.
    codes = None if wanted.images == "test" else cached_codes.codes(run, wanted.images)
    st.download_button(
        "Save as a web page",
        data=lambda: cloud_page(run, method, dims, codes),
        file_name=f"{wanted.file}.html",
        mime="text/html",
        icon=":material/download:",
        key=f"{PAGE}-page",
        on_click="ignore",
        help="One file of 1 to 5 MB that opens without a server: the points with their images, and the decoder.",
    )


def follow_direction(run: Run, start: str, end: str) -> None:
    """Turn to Interpolate, to the direction from one selection of points to another."""
    query = {"run": run.id, "mode": "along", "along": "points", "start": start, "end": end}
    st.switch_page("pages/interpolate.py", query_params=query)


def directions_link(run: Run) -> None:
    """A link to the directions of the run's latent space."""
    st.page_link(
        "pages/interpolate.py",
        label="Move images along directions",
        icon=":material/trending_flat:",
        query_params={"run": run.id, "mode": "along"},
    )
