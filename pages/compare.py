"""Compare: two runs or more side by side: curves, metrics, images, interpolations and latent spaces."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.format import count
from aecore.runs.run import Run
from dashboard import page, url_state
from dashboard.compare import clouds
from dashboard.compare.choose import choose_runs, marked_titles_of
from dashboard.compare.numbers import curves, numbers
from dashboard.compare.shared_view import shared_view
from dashboard.compare.sheets import choose_sheet
from dashboard.compare.tables import letter
from dashboard.compare.url import FIELDS, PAGE, VIEWS
from dashboard.navigation import route
from dashboard.url_state import key
from dashboard.widgets import report_files

route()


def view() -> None:
    url_state.arrive(PAGE, FIELDS)
    chosen = choose_runs()
    shown = st.segmented_control(
        "Show",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        key=key(PAGE, "view"),
        required=True,
        label_visibility="collapsed",
    )
    if len(chosen) < 2:
        st.info(f"Choose {count(2 - len(chosen), 'more run')} to compare.", icon=":material/compare_arrows:")
    elif shown == "numbers" or shown is None:
        with_curves(chosen)
        return
    elif shown == "space":
        sheet, places = choose_sheet(chosen, chosen)
        titles = marked_titles_of(chosen)
        clouds.side_by_side(PAGE, sheet, [f"{letter(place)} {titles[place]}" for place in places])
    else:
        shared_view(chosen, shown)
    if len(chosen) > 1:
        report_files.button(chosen, key="compare-report")
    url_state.keep(PAGE, FIELDS)


def with_curves(chosen: Sequence[Run]) -> None:
    """Curves, and below them tables, which another curve leaves as they are."""
    above = st.container()
    numbers(chosen)
    report_files.button(chosen, key="compare-report")
    names = [f"{letter(place)} {title}" for place, title in enumerate(marked_titles_of(chosen))]

    def view() -> None:
        curves(chosen, names)
        url_state.keep(PAGE, FIELDS)  # the last, when what is above and below has its settings

    with above:
        page.part(view, chosen, PAGE, FIELDS)()


page.heading("Compare")


page.draw(view)
