"""Compare: two runs or more side by side: curves, metrics, images, interpolations and latent spaces."""

from __future__ import annotations

import streamlit as st

from aecore.format import count
from dashboard import page, url_state
from dashboard.compare import clouds
from dashboard.compare.choose import choose_runs, marked_titles_of
from dashboard.compare.numbers import numbers
from dashboard.compare.shared_view import shared_view
from dashboard.compare.sheets import choose_sheet
from dashboard.compare.tables import letter
from dashboard.compare.url import FIELDS, PAGE, VIEWS
from dashboard.navigation import route
from dashboard.url_state import key

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
        numbers(chosen)
    elif shown == "space":
        sheet, places = choose_sheet(chosen, chosen)
        titles = marked_titles_of(chosen)
        clouds.side_by_side(PAGE, sheet, [f"{letter(place)} {titles[place]}" for place in places])
    else:
        shared_view(chosen, shown)
    url_state.keep(PAGE, FIELDS)


page.heading("Compare")


page.draw(view)
