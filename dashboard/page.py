"""What pages are made of: the line of the heading, and the body as a fragment, whose widgets rerun only the body."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from aecore.errors import AecoreError
from dashboard.components.page_tools import page_tools
from dashboard.format import plain
from dashboard.sign_in import who


def heading(title: str) -> None:
    """The page's title, and at the end of its line what every page has."""
    with st.container(horizontal=True, vertical_alignment="center", key="page-heading"):
        st.title(title, anchor=False)
        who()
        page_tools()


def draw(view: Callable[[], None]) -> None:
    """Draw `view` as a fragment that reruns on every interaction within it; an `AecoreError` is shown as one line.

    A rerun of the whole script would send menu, logo, style and title again, and the browser processes those first.
    """

    def body() -> None:
        try:
            view()
        except AecoreError as error:
            st.error(plain(str(error)), icon=":material/broken_image:")

    st.fragment(body)()
