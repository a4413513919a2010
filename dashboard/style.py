"""The look that every page shares, and the words and colours of a run's states."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import streamlit as st

BadgeColor = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray", "grey", "primary"]

STATES: dict[str, tuple[str, BadgeColor]] = {
    "queued": (":material/hourglass_empty:", "yellow"),
    "preparing": (":material/download:", "blue"),
    "running": (":material/play_arrow:", "blue"),
    "evaluating": (":material/straighten:", "blue"),
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


def count(number: int, noun: str) -> str:
    """`1 run`, `2 runs`, `10,000 images`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """`8 s`, `2 min 05 s`, `1 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def plain(text: str) -> str:
    """A person's own words for places that read Markdown: shown as they are, with no effect."""
    return re.sub(r"([\\`*_\[\]<>#|!$:~])", r"\\\1", text)
