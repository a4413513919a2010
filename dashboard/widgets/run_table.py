"""The table of runs: filtered while typing, and paginated if there are very many, with sorting over all pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from aecore.runs.listing import best, on_shelf
from aecore.runs.summary import RunSummary
from dashboard.url_state import key, one_of
from dashboard.widgets import run_columns, run_selection

PAGE = "overview"

PAGE_ROWS = 100
"""More than two pages of runs are paginated: the browser receives only what is shown."""
PAUSE = "200ms"
"""The filter waits for this long a pause in the typing."""
NEWEST = "Newest first"
ORDERS: dict[str, Callable[[RunSummary], Any] | None] = {
    NEWEST: None,
    "Name": lambda row: row.title.lower(),
    "Smallest test MSE": lambda row: row.test_mse,
    "Highest PSNR": lambda row: None if row.test_psnr_db is None else -row.test_psnr_db,
    "Highest SSIM": lambda row: None if row.test_ssim is None else -row.test_ssim,
    "Smallest code": lambda row: row.code_size,
}
"""Sort orders for paginated runs; a table on a single page is sorted by its headings."""
BY_QUALITY = ("Smallest test MSE", "Highest PSNR", "Highest SSIM")
SHELVES = {"All": "all", "Own": "own", "Shipped": "shipped"}


def choices(rows: Sequence[RunSummary]) -> tuple[list[RunSummary], list[str]]:
    """The filters and the choice of columns; returns the runs that are let through, in their order, and the columns."""
    with st.container(horizontal=True, vertical_alignment="center", key="run-choices"):
        shown = filtered(rows) if len(rows) > 1 else list(rows)
        # Not beside the table, whose own toolbar would lie above it.
        return shown, run_columns.chooser(rows)


def filtered(rows: Sequence[RunSummary]) -> list[RunSummary]:
    """The filters, and the runs that they let through, in the order that was chosen."""
    shelf, wanted, order = "All", [], ""
    words = st.text_input(
        "Filter",
        placeholder="name, data, state, group, sweep or remark",
        key=key(PAGE, "filter"),
        icon=":material/search:",
        width=320,
        live=PAUSE,
        label_visibility="collapsed",
    )
    if len({row.shipped for row in rows}) > 1:
        shelf = st.segmented_control(
            "Runs", list(SHELVES), required=True, key=key(PAGE, "shelf"), label_visibility="collapsed"
        )
    states = sorted({row.state for row in rows})
    if len(states) > 1:
        linked = st.session_state.get(key(PAGE, "states")) or []
        # A link may name a state that no run is in.
        st.session_state[key(PAGE, "states")] = [name for name in linked if name in states]
        wanted = st.pills(
            "State", states, selection_mode="multi", key=key(PAGE, "states"), label_visibility="collapsed"
        )
    if len(rows) > 2 * PAGE_ROWS:
        order = st.selectbox("Sort", list(ORDERS), key=key(PAGE, "order"), width=200, label_visibility="collapsed")
    shown = on_shelf(rows, SHELVES[shelf or "All"])
    shown = [row for row in shown if matches(row, words or "") and (not wanted or row.state in wanted)]
    return ordered(shown, order)


def table(rows: Sequence[RunSummary], all_rows: Sequence[RunSummary], columns: Sequence[str]) -> None:
    """The runs with a checkbox for each; a click on a name opens one. The best are marked among all runs."""
    if not rows:
        st.info("No run matches the filter.", icon=":material/filter_alt_off:")
        return
    part = page_of(rows) if len(rows) > 2 * PAGE_ROWS else rows
    ids = [row.id for row in part]
    table_key = run_selection.table_key(ids, {row.id for row in rows} - set(ids))
    with st.container(key="run-list"):
        draw(part, all_rows, columns, table_key)


def draw(rows: Sequence[RunSummary], all_rows: Sequence[RunSummary], columns: Sequence[str], key: str) -> None:
    ids = [row.id for row in rows]
    st.dataframe(
        run_columns.frame(rows, best(all_rows), columns),
        hide_index=True,
        on_select=run_selection.changed,
        selection_mode="multi-row",
        selection_default=run_selection.default(ids),
        key=key,
        placeholder="–",
        height="content" if len(rows) <= 16 else 560,
        column_order=columns,
        column_config=run_columns.config(key),
    )


def order_named(text: str) -> str:
    """One of `ORDERS` by its name in an address. Raises `ValueError` if there is none."""
    return {run_columns.slug(name): name for name in ORDERS}.get(text) or one_of(*ORDERS)(text)


def ordered(rows: Sequence[RunSummary], order: str) -> list[RunSummary]:
    """The rows in one of `ORDERS`; those without a value last, and by quality those that may not be best too."""
    value = ORDERS.get(order)
    if value is None:
        return list(rows)
    counted = [row for row in rows if row.may_win or order not in BY_QUALITY]
    known = {row.id: value(row) for row in counted}
    last = [row for row in rows if known.get(row.id) is None]
    return sorted((row for row in rows if known.get(row.id) is not None), key=lambda row: known[row.id]) + last


def page_of(rows: Sequence[RunSummary]) -> Sequence[RunSummary]:
    """The rows of the current page; a new set of rows starts at its first page."""
    pages = -(-len(rows) // PAGE_ROWS)
    about = "|".join(str(st.session_state.get(key(PAGE, name))) for name in ("filter", "shelf", "states", "order"))
    with st.container(horizontal=True, vertical_alignment="center"):
        first = (st.pagination(pages, key=f"page-{pages}-{about}") - 1) * PAGE_ROWS
        st.caption(f"Runs {first + 1:,} to {min(first + PAGE_ROWS, len(rows)):,}", width="content")
    return rows[first : first + PAGE_ROWS]


def matches(row: RunSummary, words: str) -> bool:
    if not words:
        return True
    parts = (row.title, row.id, row.data, row.state, row.preset, row.group, row.owner, row.sweep, row.mark)
    text = " ".join(parts).lower()
    return all(word in text for word in words.lower().split())
