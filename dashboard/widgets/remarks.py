"""What is wrong with a run, as lists and its own view show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from aecore.runs.summary import RunSummary
from dashboard.format import plain

COLUMN = st.column_config.TextColumn(
    "Remarks",
    width="medium",
    help="What is wrong, and what usually cures it. Double-click to read it all.",
)


def show(remarks: Iterable[Mapping[str, Any]]) -> None:
    """A warning for each remark, the most serious first; nothing without any."""
    for remark in remarks:
        text = str(remark["text"])
        st.warning(plain(f"{text[0].upper()}{text[1:]}."), icon=":material/warning:")


def column(rows: Iterable[RunSummary]) -> dict[str, list[str]]:
    """The column of a table of runs, by its name; none where no run has a remark."""
    marks = [row.mark for row in rows]
    return {"Remarks": marks} if any(marks) else {}
