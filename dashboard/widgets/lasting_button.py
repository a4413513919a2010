"""A button for what takes longer than a moment."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

WAITS_S = 20.0
"""How long a click waits for what it needs."""


def lasting_button(label: str, act: Callable[[], bool], *, key: str, ready: bool = True, **options: Any) -> None:
    """A button that calls `act` until it has come to its end, and then reruns the page if it returned true.

    Whatever else happens on the page meanwhile, such as an upload that ends or another click, stops the script run in
    which `act` works, and a plain button would have forgotten its click in the next one. So `act` may be called
    several times for one click, and must leave nothing half done behind when it is stopped. While it is not `ready`,
    because a file is still on its way, a click waits for it. Do not disable the button meanwhile: Streamlit forgets
    the click on a button that the server has disabled and the browser still shows. `options` are those of `st.button`.
    """
    asked = f"{key}-asked"
    pressed = st.button(label, key=key, on_click=_ask, args=(asked,), **options)
    # The callback comes first; but Streamlit leaves it out where the button was disabled for a moment.
    if not pressed and not st.session_state.get(asked):
        return
    if pressed:
        _ask(asked)
    if not ready:
        st.caption("Waiting for the file")
        return
    if time.monotonic() - st.session_state[asked] > WAITS_S:
        st.session_state.pop(asked)  # what comes so late was not meant by that click
        return
    st.session_state[asked] = math.inf  # once begun it is not too late
    try:
        again = act()
    except Exception:
        st.session_state.pop(asked)
        raise
    st.session_state.pop(asked)
    if again:
        st.rerun()


def _ask(asked: str) -> None:
    st.session_state[asked] = time.monotonic()
