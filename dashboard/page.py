"""The body of a page as a fragment: what is touched in it is answered without the frame around it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from aecore.errors import AecoreError


def draw(view: Callable[[], None]) -> None:
    """Draw what `view` draws, all of it again at every touch within; an `AecoreError` is one line in its place.

    A run of the whole script sends menu, logo, style and title again, and the browser goes through them first.
    """

    def body() -> None:
        try:
            view()
        except AecoreError as error:
            st.error(str(error), icon=":material/broken_image:")

    st.fragment(body)()
