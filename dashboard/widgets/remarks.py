"""What is wrong with a run, as lists and its own view show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from dashboard.format import plain

HELP = "What is wrong, and what usually cures it. Double-click to read it all."
COLUMN = st.column_config.TextColumn("Remarks", width="medium", help=HELP)


def show(remarks: Iterable[Mapping[str, Any]]) -> None:
    """A warning for each remark, the most serious first; nothing without any."""
    for remark in remarks:
        text = str(remark["text"])
        st.warning(plain(f"{text[0].upper()}{text[1:]}."), icon=":material/warning:")
