"""A button that shows its icon alone."""

from __future__ import annotations

from typing import Any

import streamlit as st


def icon_button(name: str, icon: str, key: str, **more: Any) -> bool:
    """A button with an icon; its `name` is its tooltip and what a screen reader says. `more` is as for `st.button`."""
    with st.container(key=f"icon-{key}", width="content"):  # the style sheet hides the name
        return st.button(name, icon=f":material/{icon}:", key=key, help=name, **more)
