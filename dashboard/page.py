"""What pages are made of: the line of the heading, and the body as a fragment, whose widgets rerun only the body.

In it may be a part that reruns alone: the list of runs is not read again, and the browser not sent again what stands
around, when another image of the same run is chosen."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec

import streamlit as st
from streamlit.errors import StreamlitAPIException

from aecore import access
from aecore.errors import AecoreError
from aecore.runs.run import Run
from dashboard import url_state
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


def fragment(view: Callable[P, None], run_every: float | None = None, called: str | None = None) -> Callable[P, None]:
    """`view` as a fragment, every so many seconds if asked for, which a widget can draw anew as `called` (`only`). An
    `AecoreError` in it is shown as one line, as the router does for the rest of a page; who was signed out meanwhile
    gets the page on which one signs in."""

    @wraps(view)
    def body(*arguments: P.args, **options: P.kwargs) -> None:
        if not access.current().at_least("look"):
            st.rerun()
        try:
            view(*arguments, **options)
        except AecoreError as error:
            problem(error)

    return st.fragment(body, run_every=run_every, key=called)


def only(called: str) -> None:
    """In a widget's callback: draw nothing anew but the fragment of that name. Where the server does not know it, as
    after a restart, what the widget stands in is drawn as always."""
    with contextlib.suppress(StreamlitAPIException):
        st.rerun(called)


def part(
    view: Callable[P, None], runs: Sequence[Run], name: str, fields: url_state.Fields, called: str | None = None
) -> Callable[P, None]:
    """`view`, which shows these runs, as a fragment in the body of the page of this name and these settings: its own
    widgets rerun it alone. It may draw into containers of the body, and is to write the address.

    The body has taken the settings from the address and draws the part every time. Where the address is another by now,
    or a run is gone, the whole page runs.
    """
    with_body = [True]

    @wraps(view)
    def body(*arguments: P.args, **options: P.kwargs) -> None:
        if with_body:
            with_body.clear()
        elif not url_state.stays(name, fields) or not all(run.path.is_dir() for run in runs):
            st.rerun()
        view(*arguments, **options)

    return fragment(body, called=called)


def problem(error: AecoreError) -> None:
    """One line about what could not be shown."""
    st.error(plain(str(error)), icon=":material/broken_image:")
