"""The notice about the last act on runs, with one button that takes the whole of it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from aecore.errors import AecoreError
from dashboard.format import plain
from dashboard.widgets.icon_button import icon_button

_DONE, _PROBLEM = "undo-done", "undo-problem"


def _always() -> bool:
    return True


@dataclass(frozen=True)
class Done:
    """An act that can be taken back."""

    said: str
    """What was done, as Markdown."""
    take_back: Callable[[], None]
    """Takes it back, all of it; raises `AecoreError` for what cannot be."""
    possible: Callable[[], bool] = _always
    """Whether it can be taken back now."""
    over: Callable[[], bool] = lambda: False
    """Whether nothing is left to take back, because it was done elsewhere: the notice then disappears."""
    label: str = "Undo"


def remember(done: Done) -> None:
    """Offer to take this back until the next act."""
    st.session_state[_DONE] = done


def report(problem: str) -> None:
    """Show a problem with the next run of the page."""
    st.session_state[_PROBLEM] = problem


def forget() -> None:
    """Clear the notice about the last act."""
    st.session_state.pop(_DONE, None)
    st.session_state.pop(_PROBLEM, None)


def problem() -> None:
    """Show the last act's problem, once."""
    if message := st.session_state.pop(_PROBLEM, None):
        st.error(plain(message), icon=":material/error:")


def bar() -> None:
    """The notice about the last act, until the next one."""
    problem()
    done: Done | None = st.session_state.get(_DONE)
    if done is None:
        return
    if done.over():
        forget()
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="undo-bar"):
        st.markdown(done.said, width="content")
        if done.possible():
            st.button(done.label, icon=":material/undo:", key="undo", on_click=_take_back, args=(done,))
        st.space("stretch")
        icon_button("Close", "close", "undo-close", type="tertiary", on_click=forget)


def _take_back(done: Done) -> None:
    forget()
    try:
        done.take_back()
    except AecoreError as error:
        report(str(error))
