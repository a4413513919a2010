"""A page's state in its address: links, Back and reload restore it, and so does coming back through the menu.

A page declares which of its settings are part of the address. Their widgets use `key(page, name)`; `arrive` sets them
from the address before they are drawn, `keep` writes them back afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from aecore.config.corruption import Corruption
from aecore.errors import UserError
from dashboard.components.address import tell_whole_address


@dataclass(frozen=True)
class Field:
    """One setting. `parse` turns the address's text into its value and raises `ValueError` for invalid text; `default`
    applies if the address has none, and is not written into it.

    One of the `browser` is a position that a component moves and writes into the address
    (`dashboard.components.address`): the server only takes from it what a visit begins with."""

    default: Any
    parse: Callable[[str], Any] = str
    show: Callable[[Any], str] = str
    browser: bool = False


Fields = Mapping[str, Field]
FOLLOWED = "followed-run"
"""In the session: the run that was looked at last, with which pages about one run begin."""
CARRIED = "carried-parameters"


def followed() -> str:
    """The id of the run that was looked at last; empty before any was."""
    return st.session_state.get(FOLLOWED, "")


def carried() -> dict[str, str]:
    """Parameters of no page that stay in the address from page to page."""
    return st.session_state.get(CARRIED, {})


def carry(parameters: Mapping[str, str]) -> None:
    """Let these, and no others, stay in the address from page to page."""
    if parameters or carried():
        st.session_state[CARRIED] = dict(parameters)


def turn_to(page: str) -> None:
    """Record the page that is about to be drawn; called by the router."""
    st.session_state["page-before"] = st.session_state.get("page-now")
    st.session_state["page-now"] = page


def key(page: str, name: str) -> str:
    """The key of a setting's widget."""
    return f"{page}-{name}"


def arrive(page: str, fields: Fields) -> bool:
    """Take the settings from the address if it differs from what the page last wrote: after a link, or Back.

    Returns whether it did. On coming back with none of the page's parameters in the address, they are restored.
    """
    state = st.session_state
    # Streamlit forgets the widgets of a page that was left; the page is restored from what it last wrote.
    present = state.get("page-before") == state.get("page-now")
    state["page-before"] = state.get("page-now")  # the page's body may rerun without the router
    if present and stays(page, fields):
        return False
    linked = _linked(fields)
    written: dict[str, str] = state.get(key(page, "told"), {})
    follows = "run" in fields and "run" not in linked and not present
    returns = not linked and not present and key(page, "visit") in state
    if returns:
        linked = written
    state[key(page, "bare")] = not linked
    for name, field in fields.items():
        state[key(page, name)] = _value(field, linked.get(name))
    if follows and followed():
        returns &= followed() == linked.get("run", followed())
        state[key(page, "run")] = followed()
    if not returns:  # else the browser knows where its components were
        state[key(page, "visit")] = visit(page) + 1
    return True


def stays(page: str, fields: Fields) -> bool:
    """Whether the address is the one that the page last wrote; settings that Streamlit forgot are then restored."""
    state, linked = st.session_state, _linked(fields)
    written: dict[str, str] = state.get(key(page, "told"), {})
    # The browser adds the followed run to an address that names none (`dashboard.components.session`).
    ours = {name: text for name, text in linked.items() if not fields[name].browser}
    known = {name: text for name, text in ours.items() if (name, text) != ("run", state.get(key(page, "run")))}
    if key(page, "visit") not in state or not (written in (ours, known) or _is_late(page, ours)):
        return False
    _restore_forgotten(page, fields, written)
    return True


def _linked(fields: Fields) -> dict[str, str]:
    """The settings that the address has."""
    return {name: st.query_params[name] for name in fields if name in st.query_params}


def _restore_forgotten(page: str, fields: Fields, written: Mapping[str, str]) -> None:
    """Give the settings a value again whose widgets were not drawn for a while: Streamlit forgets those, and one that
    comes back without a value may be None where its page expects none."""
    for name, field in fields.items():
        if key(page, name) not in st.session_state:
            st.session_state[key(page, name)] = _value(field, written.get(name))


def _value(field: Field, text: str | None) -> Any:
    """What an address that has this text, or None, sets."""
    try:
        return field.default if text is None else field.parse(text)
    except ValueError:
        return field.default


def _is_late(page: str, linked: Mapping[str, str]) -> bool:
    """Whether this is the address of a moment ago: a hand that goes on quickly sends its next click before the browser
    has seen what the page wrote after the last one. Back brings an earlier address too, but no widget has changed."""
    context = get_script_run_ctx()
    if context is None or context.is_history_navigation:
        return False
    if linked not in st.session_state.get(key(page, "told-before"), []):
        return False
    widgets = context.session_state._state  # nothing public tells which widgets caused a rerun
    return any(widgets._widget_changed(name) for name in widgets._new_widget_state)


def visit(page: str) -> int:
    """How often the settings were taken from the address: when it changes, stateful components reset to them."""
    return st.session_state.get(key(page, "visit"), 0)


def keep(page: str, fields: Fields, **values: Any) -> None:
    """Write the settings into the address: those in `values`, the others as their widgets have them."""
    written = {}
    ours = {name: field for name, field in fields.items() if not field.browser}
    for name, field in ours.items():
        value = values[name] if name in values else st.session_state.get(key(page, name), field.default)
        text = field.show(value)
        if text != field.show(field.default):
            written[name] = text
    tell_whole_address(page, written)
    # A visit without parameters stays without as long as nothing changes: writing the initial view into the address
    # would add a second entry to the browser's history, and Back would only ever lead to the page itself.
    bare: bool | dict[str, str] = st.session_state.get(key(page, "bare"), False)
    if bare is True:
        bare = st.session_state[key(page, "bare")] = dict(written)
    if written == bare:
        written = {}
    others = {name: text for name, text in st.query_params.items() if name not in ours}
    if others | written != st.query_params.to_dict():
        # All at once: each change is an entry in the browser's history. What is carried the browser adds elsewhere.
        st.query_params.from_dict(carried() | others | written)
    before = st.session_state.get(key(page, "told"), {})
    if before != written:
        st.session_state[key(page, "told-before")] = [*st.session_state.get(key(page, "told-before"), []), before][-3:]
    st.session_state[key(page, "told")] = written


def number(low: int, high: int) -> Callable[[str], int]:
    """A parser for integers within bounds."""

    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def share(most: float = 1.0) -> Callable[[str], float]:
    """A parser for numbers from 0 to `most`; larger and smaller ones are the nearest of these."""

    def parse(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise ValueError(text)
        return min(max(value, 0.0), most)

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser for one of several words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return parse


def corruption(text: str) -> str:
    """A parser of a corruption's written form."""
    try:
        return str(Corruption.parse(text))
    except UserError:
        raise ValueError(text) from None


def epoch(text: str) -> float | None:
    """An epoch from the address; None, for the last one, if it has none. Raises `ValueError` for what is not one."""
    if not text:
        return None
    value = float(text)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value
