"""A page's view in its address: a link, Back and reload bring it back, and a page left by the menu is found as it was.

A page says which of its settings the address carries. Their widgets use `key(page, name)`; `arrive` sets them from the
address before they are drawn, `keep` writes them back after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from aecore.config.corruption import Corruption
from aecore.errors import UserError


@dataclass(frozen=True)
class Field:
    """One setting. `parse` makes its value of the address's text and raises `ValueError` for what it is not; `default`
    stands where the address says nothing, and is not written into it."""

    default: Any
    parse: Callable[[str], Any] = str
    show: Callable[[Any], str] = str


Fields = Mapping[str, Field]


def turn_to(page: str) -> None:
    """Take note of the page that is about to be drawn; called by the router."""
    st.session_state["page-before"] = st.session_state.get("page-now")
    st.session_state["page-now"] = page


def key(page: str, name: str) -> str:
    """The key of a setting's widget."""
    return f"{page}-{name}"


def arrive(page: str, fields: Fields) -> bool:
    """Take the settings from the address where it names another view than the page last wrote: a link, or Back.

    Returns whether it did. Without any parameter of the page in the address, on coming back, they are what they were.
    """
    state = st.session_state
    linked = {name: st.query_params[name] for name in fields if name in st.query_params}
    told: dict[str, str] = state.get(key(page, "told"), {})
    # Widgets of a page that was left are forgotten; the page itself is remembered by what it told.
    present = state.get("page-before") == state.get("page-now")
    state["page-before"] = state.get("page-now")  # the page's body may run again without the router
    if present and told == linked and key(page, "visit") in state:
        return False
    if not linked and not present:
        linked = told
    state[key(page, "bare")] = not linked
    for name, field in fields.items():
        value = field.default
        if name in linked:
            try:
                value = field.parse(linked[name])
            except ValueError:
                value = field.default
        state[key(page, name)] = value
    state[key(page, "visit")] = state.get(key(page, "visit"), 0) + 1
    return True


def visit(page: str) -> int:
    """How often the page was arrived at: when it changes, a component with a state of its own goes where it is told."""
    return st.session_state.get(key(page, "visit"), 0)


def keep(page: str, fields: Fields, **values: Any) -> None:
    """Write the settings into the address: those of `values`, the others as their widgets have them."""
    told = {}
    for name, field in fields.items():
        value = values[name] if name in values else st.session_state.get(key(page, name), field.default)
        text = field.show(value)
        if text != field.show(field.default):
            told[name] = text
    # A visit without parameters stays without as long as nothing is changed: writing the first view into the address
    # would put a second entry into the browser's history, and Back would only ever lead to the page itself.
    bare: bool | dict[str, str] = st.session_state.get(key(page, "bare"), False)
    if bare is True:
        bare = st.session_state[key(page, "bare")] = dict(told)
    if told == bare:
        told = {}
    wanted = {name: text for name, text in st.query_params.items() if name not in fields} | told
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)  # at once: each change is an entry of the browser's history
    st.session_state[key(page, "told")] = told


def number(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser of one of some words."""

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
