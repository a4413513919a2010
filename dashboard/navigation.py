"""The router: the list of pages, and the guard for pages that Streamlit opens without it.

With a folder named `pages`, Streamlit 1.67 handles the first deep link after a start by its older rules: it runs the
page's file alone, without `streamlit_app.py`. So every page begins with `route()`, which detects this and calls the
router.
"""

from __future__ import annotations

import threading
from pathlib import Path

import streamlit as st

from aecore import access
from aecore.errors import AecoreError
from dashboard import style, url_state
from dashboard.charts import script
from dashboard.components.session import keep_session
from dashboard.lessons import bar as lesson
from dashboard.page import problem
from dashboard.server import people
from dashboard.sign_in import sign_in

access.resolve_with(people.person)

_FOLDER = Path(__file__).parent
_PAGES = _FOLDER.parent / "pages"
_routing = threading.local()
"""Every script run is a thread of its own; `active` is set while the router runs a page in it."""


def navigate() -> None:
    """Page settings, menu, and the page named in the address."""
    st.set_page_config(page_title="Autoencoder Lab", page_icon=str(_FOLDER / "icon.svg"), layout="wide")
    style.apply()
    st.logo(_FOLDER / "logo.svg", size="large")
    person = access.current()
    known = person.at_least("look")
    page = st.navigation(
        [
            _page("overview", "Overview", "table_rows", default=True),
            # To those who only look, links to a run's curves still lead here, but training is not offered.
            _page("train", "Train", "model_training", hidden=not person.at_least("train")),
            _page("sweep", "Sweep", "grid_on"),
            _page("reports", "Reports", "fact_check"),
            _page("restore", "Restore", "auto_fix_high"),
            _page("replay", "Replay", "slow_motion_video"),
            _page("interpolate", "Interpolate", "linear_scale"),
            _page("latent", "Latent space", "scatter_plot"),
            _page("generate", "Generate", "tune"),
            _page("measure", "Measure", "straighten"),
            _page("compare", "Compare", "compare"),
        ],
        position="top" if known else "hidden",
    )
    if not known:
        sign_in()
        return
    url_state.turn_to(page.url_path)
    run_pages = {"restore", "replay", "interpolate", "latent", "generate", "measure"}
    keep_session(page.url_path, url_state.followed() if page.url_path in run_pages else "")
    lesson.bar(page.url_path)
    script.prefetch(now=_begins_with_a_chart(page.url_path))
    _routing.active = True
    try:
        page.run()
    except AecoreError as error:
        problem(error)
    finally:
        _routing.active = False


def _begins_with_a_chart(page: str) -> bool:
    """Whether a chart is at the top of the page; its script is then fetched ahead."""
    if page == "train":
        return "run" in st.query_params
    return page == "sweep" or (page == "compare" and st.query_params.get("view", "numbers") == "numbers")


def route() -> None:
    """The first call of every page: if Streamlit bypassed the router, go through it and end this script run."""
    if not getattr(_routing, "active", False):
        navigate()
        st.stop()


def _page(name: str, title: str, icon: str, *, default: bool = False, hidden: bool = False):
    return st.Page(
        _PAGES / f"{name}.py",
        title=title,
        icon=f":material/{icon}:",
        default=default,
        visibility="hidden" if hidden else "visible",
    )
