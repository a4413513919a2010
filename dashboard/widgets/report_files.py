"""The report to hand in, made when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from aecore.reports.handin.subject import MOST
from aecore.runs.run import Run
from dashboard.server.people import for_whoever_asks
from dashboard.server.worker import in_worker

ABOUT = (
    "One web page that opens without a server, and LaTeX with tables and figures: experiments, numbers, images, "
    "curves, interpolation, codes, layers, settings"
)


def button(chosen: Sequence[Run], *, key: str, type: Literal["secondary", "tertiary"] = "secondary") -> None:
    """A button that downloads a report on these runs."""
    single = len(chosen) == 1
    name = f"{chosen[0].id}-report.zip" if single else f"report-on-{len(chosen)}-runs.zip"

    def packed() -> bytes:
        return in_worker("aecore.reports.handin:packed_report", list(chosen), thorough=True)

    too_many = len(chosen) > MOST
    st.download_button(
        "Report (.zip)" if single else f"Report on these {len(chosen)} runs",
        for_whoever_asks(packed),
        name,
        key=key,
        type=type,
        icon=None if single else ":material/description:",
        help=f"A report has at most {MOST} runs." if too_many else f"{ABOUT}. It takes a few seconds.",
        disabled=too_many,
        on_click="ignore",
    )
