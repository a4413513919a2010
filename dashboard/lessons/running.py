"""Which lesson runs and at which step: from the address, which the session carries from page to page."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from aecore.errors import UserError
from aecore.lessons.definition import CARRIED, Lesson
from aecore.lessons.library import lesson
from aecore.runs.store import Store
from dashboard import url_state

LESSON, STEP = CARRIED


def arrive() -> tuple[Lesson, int] | None:
    """The lesson that runs and its step, from 1; None where none does. Raises `UserError` for an address that names
    none, which is then not carried on."""
    name, step = _asked()
    if not name:
        url_state.carry({})
        return None
    try:
        found = lesson(name, Store.default())
    except UserError:
        url_state.carry({})
        raise
    number = min(max(int(step), 1), len(found.steps)) if step.isdecimal() and len(step) < 6 else 1
    url_state.carry({LESSON: name, STEP: str(number)})
    return found, number


def _asked() -> tuple[str, str]:
    """A page that was turned to by the menu has an address of its own, in which the browser writes the lesson later;
    Back leads to addresses from before the lesson too, and these end it."""
    if LESSON in st.query_params:
        return st.query_params[LESSON], st.query_params.get(STEP, "1")
    context = get_script_run_ctx()
    back = context is not None and context.is_history_navigation
    carried = {} if back else url_state.carried()
    return carried.get(LESSON, ""), carried.get(STEP, "1")


def way(found: Lesson, number: int, here: str, label: str, icon: str, key: str) -> None:
    """To a step, from 1: its page with its address. Between pages it is a link, since a button that switches the page
    would add two entries to the browser's history, the first with this address on the page that is left; on the page
    `here` it is a button, since the browser would not change the address for a link."""
    step = found.steps[number - 1]
    query = dict(step.query) | {LESSON: found.name, STEP: str(number)}
    script, symbol = f"pages/{step.page}.py", f":material/{icon}:"
    with st.container(key=f"lesson-way-{key}", width="content"):
        if step.page != here:
            st.page_link(script, label=label, icon=symbol, query_params=query)
        elif st.button(label, icon=symbol, key=f"lesson-{key}"):
            st.switch_page(script, query_params=query)


def leave() -> None:
    """End the lesson; the page stays."""
    url_state.carry({})
    st.query_params.from_dict({name: text for name, text in st.query_params.items() if name not in CARRIED})
