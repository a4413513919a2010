"""Reports: what five course reports did, reproduced with our own runs, every number they state next to ours, and what
does better; and the lessons."""

import streamlit as st

from aecore.reports.definition import reports
from aecore.runs.store import Store
from dashboard import page, url_state
from dashboard.lessons.contents import contents as lessons
from dashboard.navigation import route
from dashboard.reports import style_sheet
from dashboard.reports.beyond import beyond
from dashboard.reports.contents import all_numbers, one_report
from dashboard.reports.url import ALL, BEYOND, FIELDS, LESSONS, OPTIONS, PAGE
from dashboard.url_state import key

route()


def choose() -> str:
    """The number of the report in the address or picked, or one of the two other parts of the page."""
    known = reports()
    names = {number: f"{number} · {report.author.split()[-1]}" for number, report in known.items()}
    names |= {ALL: ALL, BEYOND: "Beyond", LESSONS: "Lessons"}
    picked: str | None = st.segmented_control(
        "Report",
        OPTIONS,
        format_func=names.__getitem__,
        key=key(PAGE, "report"),
        label_visibility="collapsed",
        required=True,
    )
    return picked or ALL


page.heading("Reports")
style_sheet()
url_state.arrive(PAGE, FIELDS)
shown = choose()
if shown == BEYOND:
    beyond(Store.default())
else:
    url_state.keep(PAGE, FIELDS, task="", against="parameters")
    if shown == ALL:
        all_numbers(Store.default())
    elif shown == LESSONS:
        lessons()
    else:
        one_report(reports()[shown], Store.default())
