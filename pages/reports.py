"""Reports: what five course reports did, reproduced with our own runs, every number they state next to ours."""

import streamlit as st

from aecore.reports.definition import Report, reports
from aecore.runs.store import Store
from dashboard import page, url_state
from dashboard.navigation import route
from dashboard.reports import style_sheet
from dashboard.reports.contents import all_numbers, one_report
from dashboard.url_state import Field, key, one_of

route()

ALL = "All numbers"


PAGE = "reports"
OPTIONS = [*reports(), ALL]
FIELDS = {"report": Field(OPTIONS[0], one_of(*OPTIONS))}


def choose() -> Report | None:
    """The report named in the address or picked; None for the table of all numbers."""
    url_state.arrive(PAGE, FIELDS)
    known = reports()
    names = {number: f"{number} · {report.author.split()[-1]}" for number, report in known.items()}
    picked: str = (
        st.segmented_control(
            "Report",
            OPTIONS,
            format_func=lambda number: names.get(number, ALL),
            key=key(PAGE, "report"),
            label_visibility="collapsed",
            required=True,
        )
        or ALL
    )
    url_state.keep(PAGE, FIELDS)
    return known.get(picked)


page.heading("Reports")
style_sheet()
shown = choose()
if shown is None:
    all_numbers(Store.default())
else:
    one_report(shown, Store.default())
