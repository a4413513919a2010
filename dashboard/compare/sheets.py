"""Many runs in sheets of ten: so many images, lanes and clouds can be looked at, and sent to a browser, at once."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.runs.run import Run
from dashboard.compare.tables import letter
from dashboard.compare.url import PAGE
from dashboard.url_state import key

SIZE = 10


def choose_sheet(chosen: Sequence[Run], shown: Sequence[Run]) -> tuple[list[Run], list[int]]:
    """The runs of the chosen sheet of `shown`, and the number that each has among all `chosen`, from 0."""
    numbers = {run.id: number for number, run in enumerate(chosen)}
    sheets = [list(shown[at : at + SIZE]) for at in range(0, len(shown), SIZE)]
    field = key(PAGE, "sheet")
    st.session_state[field] = min(max(st.session_state[field], 1), max(len(sheets), 1))
    if len(sheets) > 1:
        ends = [(letter(numbers[sheet[0].id]), letter(numbers[sheet[-1].id])) for sheet in sheets]
        st.segmented_control(
            f"Runs, {SIZE} at a time",
            range(1, len(sheets) + 1),
            format_func=lambda number: "–".join(dict.fromkeys(ends[number - 1])),
            key=field,
            required=True,
        )
    found = sheets[st.session_state[field] - 1] if sheets else []
    return found, [numbers[run.id] for run in found]
