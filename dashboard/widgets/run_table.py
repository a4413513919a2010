"""The table of runs: filtered while typing, and paginated if there are very many, with sorting over all pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from aecore.format import count
from aecore.runs.summary import RunSummary
from dashboard.widgets import remarks, run_selection

PAGE_ROWS = 100
"""More than two pages of runs are paginated: the browser receives only what is shown."""
PAUSE = "200ms"
"""The filter waits for this long a pause in the typing."""
ORDERS: dict[str, Callable[[RunSummary], Any] | None] = {
    "Newest first": None,
    "Name": lambda row: row.title.lower(),
    "Smallest test MSE": lambda row: row.test_mse,
    "Highest PSNR": lambda row: None if row.test_psnr_db is None else -row.test_psnr_db,
    "Highest SSIM": lambda row: None if row.test_ssim is None else -row.test_ssim,
    "Smallest code": lambda row: row.code_size,
}
"""Sort orders for paginated runs; a table on a single page is sorted by its headings."""
BY_QUALITY = ("Smallest test MSE", "Highest PSNR", "Highest SSIM")


def table(rows: Sequence[RunSummary], several: bool) -> None:
    """The runs, filtered by text and state, with a checkbox for each."""
    words, wanted, order = "", [], ""
    if len(rows) > 1:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            words = st.text_input(
                "Filter",
                placeholder="name, data, state, sweep or remark",
                key="filter",
                icon=":material/search:",
                width=320,
                live=PAUSE,
            )
            states = sorted({row.state for row in rows})
            if len(states) > 1:
                wanted = st.pills("State", states, selection_mode="multi", key="states")
            if len(rows) > 2 * PAGE_ROWS:
                order = st.selectbox("Sort", list(ORDERS), key="order", width=200)
    shown = [row for row in rows if matches(row, words or "") and (not wanted or row.state in wanted)]
    found = count(len(rows), "run") if len(shown) == len(rows) else f"{len(shown):,} of {count(len(rows), 'run')}"
    also = ", or several to compare them" if several and len(shown) > 1 else ""
    st.caption(f"{found}. Select one to open it{also}.")
    if not shown:
        st.info("No run matches the filter.", icon=":material/filter_alt_off:")
        return
    shown = ordered(shown, order)
    part = page_of(shown, f"{words}|{wanted}|{order}") if len(shown) > 2 * PAGE_ROWS else shown
    draw(part, [row.id for row in shown] if part is not shown else ())


def ordered(rows: Sequence[RunSummary], order: str) -> list[RunSummary]:
    """The rows in one of `ORDERS`; those without a value last, and by quality those that may not be best too."""
    value = ORDERS.get(order)
    if value is None:
        return list(rows)
    counted = [row for row in rows if row.may_win or order not in BY_QUALITY]
    known = {row.id: value(row) for row in counted}
    last = [row for row in rows if known.get(row.id) is None]
    return sorted((row for row in rows if known.get(row.id) is not None), key=lambda row: known[row.id]) + last


def page_of(rows: Sequence[RunSummary], about: str) -> Sequence[RunSummary]:
    """The rows of the current page; a new set of rows starts at its first page."""
    pages = -(-len(rows) // PAGE_ROWS)
    with st.container(horizontal=True, vertical_alignment="center"):
        first = (st.pagination(pages, key=f"page-{pages}-{about}") - 1) * PAGE_ROWS
        st.caption(f"Runs {first + 1:,} to {min(first + PAGE_ROWS, len(rows)):,}", width="content")
    return rows[first : first + PAGE_ROWS]


def draw(rows: Sequence[RunSummary], elsewhere: Sequence[str]) -> None:
    ids = [row.id for row in rows]
    frame = pd.DataFrame(
        {
            "Name": [row.title for row in rows],
            **remarks.column(rows),  # beside the name, where a phone shows it too
            "Data": [row.data for row in rows],
            "Code": [row.code_size for row in rows],
            "State": [row.state for row in rows],
            "Epochs": ["imported" if row.imported else f"{row.epoch} / {row.epochs}" for row in rows],
            "Test MSE": [row.test_mse for row in rows],
            "PSNR": [row.test_psnr_db for row in rows],
            "SSIM": [row.test_ssim for row in rows],
            "Loss": [sparkline(row.losses) for row in rows],
            "Run": ids,
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        on_select=run_selection.changed,
        selection_mode="multi-row",
        selection_default=run_selection.default(ids),
        key=run_selection.table_key(ids, set(elsewhere) - set(ids)),
        placeholder="–",
        height="content" if len(rows) <= 16 else 560,
        column_config={
            "Data": st.column_config.TextColumn(width=112),
            "Remarks": remarks.COLUMN,
            "Test MSE": st.column_config.NumberColumn(format="%.5f", help="On the whole test set, [0, 1] scale"),
            "PSNR": st.column_config.NumberColumn(format="%.2f dB"),
            "SSIM": st.column_config.NumberColumn(format="%.3f"),
            "Loss": st.column_config.LineChartColumn(help="Training loss, log scale", width="small"),
        },
    )


def matches(row: RunSummary, words: str) -> bool:
    if not words:
        return True
    text = f"{row.title} {row.id} {row.data} {row.state} {row.preset} {row.sweep} {row.mark}".lower()
    return all(word in text for word in words.lower().split())


def sparkline(losses: tuple[float, ...], points: int = 60) -> list[float]:
    """At most `points` values; on a logarithmic scale, late epochs show too."""
    step = max(1, len(losses) // points)
    return [math.log10(loss) for loss in losses[::step] if loss > 0]
