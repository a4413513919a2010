"""Signing in and out on a server that has accounts: a page for whoever has not, and in the headings who has."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from aecore import access
from aecore.errors import AecoreError
from dashboard.components.register import component
from dashboard.format import plain
from dashboard.server import people
from dashboard.server.sign_in import IN, OUT, PROBLEM, PROBLEMS

_SCRIPT = Path(__file__).with_name("component.js")
_form = component("sign-in", _SCRIPT)
_way_out = component(
    "sign-out", _SCRIPT, html='<form class="ae si" method="post"><button type="submit">Sign out</button></form>'
)
MAY = {
    "look": "You can look at everything.",
    "train": "You can look at everything, and train and manage runs of your own.",
    "manage": "You can change everything.",
}


def sign_in() -> None:
    """Shown instead of the page that the address asks for; the address stays, and leads there afterwards."""
    with st.container(horizontal_alignment="center"), st.container(key="sign-in", width=420):
        st.title("Autoencoder Lab", anchor=False)
        st.markdown("Sign in to see the runs of this server.")
        try:
            tokens = people.access()
        except AecoreError as error:
            st.error(plain(str(error)), icon=":material/lock:")
            return
        if people.has_login():
            _login()
        if tokens is not None:
            _with_token()
            if not tokens.tokens:
                st.caption("There are no tokens yet: on the server, `python -m aecore tokens new manage` makes one.")


def who() -> None:
    """Who has signed in, with the way out; for visitors of a demo that has accounts the way in. Nothing elsewhere."""
    if not people.is_guarded():
        return
    person = access.current()
    if person.visitor:
        with st.popover("Sign in", icon=":material/login:", type="tertiary", key="who"):
            if people.has_login():
                _login()
            _with_token()
        return
    with st.popover(plain(person.name)[:40], icon=":material/person:", type="tertiary", key="who"):
        st.markdown(f"**{plain(person.name)}** · role *{person.role}*")
        st.caption(MAY.get(person.role, ""))
        if people.has_login() and st.user.is_logged_in:
            st.button("Log out", icon=":material/logout:", key="log-out", on_click=st.logout)
        else:
            _way_out(key="sign-out-form", data={"action": OUT.removeprefix("/"), "problem": ""})


def _with_token() -> None:
    problem = PROBLEMS.get(st.query_params.get(PROBLEM, ""), "")
    _form(key="sign-in-form", data={"action": IN.removeprefix("/"), "problem": problem})


def _login() -> None:
    if st.user.is_logged_in:
        address = plain(str(st.user.get("email") or "an account without an address"))
        st.warning(f"You are logged in as {address}, which has no role on this server.", icon=":material/lock:")
        st.button("Log out", icon=":material/logout:", key="log-out", on_click=st.logout)
    else:
        st.button("Log in", icon=":material/login:", type="primary", key="log-in", on_click=st.login)
