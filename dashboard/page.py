"""What pages are made of: the line of the heading, and the body as a fragment, whose widgets rerun only the body."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from aecore import access
from aecore.errors import AecoreError
from dashboard.components.page_tools import page_tools
from dashboard.format import plain
from dashboard.sign_in import who

P = ParamSpec("P")


def heading(title: str) -> None:
    """The page's title, and at the end of its line what every page has."""
    with st.container(horizontal=True, vertical_alignment="center", key="page-heading"):
        st.title(title, anchor=False)
        who()
        page_tools()


def draw(view: Callable[[], None], run_every: float | None = None) -> None:
    """Draw `view` as a fragment that reruns on every interaction within it.

    A rerun of the whole script would send menu, logo, style and title again, and the browser processes those first.
    """
    fragment(view, run_every)()


def fragment(view: Callable[P, None], run_every: float | None = None) -> Callable[P, None]:
    """`view` as a fragment, every so many seconds if asked for. An `AecoreError` in it is shown as one line, as the
    router does for the rest of a page; who was signed out meanwhile gets the page on which one signs in."""

    @wraps(view)
    def body(*arguments: P.args, **options: P.kwargs) -> None:
        if not access.current().at_least("look"):
            st.rerun()
        try:
            view(*arguments, **options)
        except AecoreError as error:
            problem(error)

    return st.fragment(body, run_every=run_every)


def problem(error: AecoreError) -> None:
    """One line about what could not be shown."""
    st.error(plain(str(error)), icon=":material/broken_image:")
