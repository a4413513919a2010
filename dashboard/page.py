"""The body of a page as a fragment, so that its widgets rerun only the body."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from aecore.errors import AecoreError


def draw(view: Callable[[], None]) -> None:
    """Draw `view` as a fragment that reruns on every interaction within it; an `AecoreError` is shown as one line.

    A rerun of the whole script would send menu, logo, style and title again, and the browser processes those first.
    """

    def body() -> None:
        try:
            view()
        except AecoreError as error:
            st.error(str(error), icon=":material/broken_image:")

    st.fragment(body)()
