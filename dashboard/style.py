"""The style sheet shared by all pages, and icons and colours of a run's states."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

BadgeColor = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray", "grey", "primary"]


STATES: dict[str, tuple[str, BadgeColor]] = {
    "queued": (":material/hourglass_empty:", "yellow"),
    "preparing": (":material/download:", "blue"),
    "running": (":material/play_arrow:", "blue"),
    "evaluating": (":material/straighten:", "blue"),
    "stopping": (":material/pause:", "orange"),
    "finished": (":material/check:", "green"),
    "stopped": (":material/pause:", "orange"),
    "interrupted": (":material/power_off:", "orange"),
    "failed": (":material/error:", "red"),
    "damaged": (":material/broken_image:", "red"),
}


def apply() -> None:
    """Load the shared style sheet; called once by the router."""
    st.html(Path(__file__).with_name("style.css"))


def state_badge(state: str) -> None:
    """A run's state as a coloured badge."""
    icon, color = STATES.get(state, (":material/help:", "gray"))
    st.badge(state, icon=icon, color=color)
