"""The course reports on a page: verdicts, and figures rebuilt from the shipped runs."""

from pathlib import Path

import streamlit as st

from dashboard.reports.figures import draw
from dashboard.reports.tables import verdict_table

__all__ = ["draw", "style_sheet", "verdict_table"]


def style_sheet() -> None:
    """Load the style of the figures; once per page."""
    st.html(Path(__file__).with_name("report.css"))
