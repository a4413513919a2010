"""The run that is open: its results, and links to the other pages."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from aecore.config.corruption import Corruption
from aecore.errors import AecoreError
from aecore.metrics.baselines import TITLES, input_name
from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from aecore.runs.summary import RunSummary
from aecore.sweeps import labels
from dashboard.format import plain
from dashboard.widgets import image_grid, remarks, run_heading, run_selection
from dashboard.widgets.followed_run import follow


def opened(row: RunSummary) -> None:
    """The open run above the list, in view at once, with a button that closes it."""
    with st.container(border=True, key="opened-run"):
        detail(row, closes=True)
    if openings := st.session_state.get(run_selection.OPENINGS):
        # A name far down in the list was clicked. The number makes it another script, which is then executed once more.
        st.html(
            f"<script>/* {openings} */ document.querySelector('.st-key-opened-run')"
            "?.scrollIntoView({block: 'start'});</script>",
            unsafe_allow_javascript=True,
        )


def example(row: RunSummary) -> None:
    """A finished run below the list, for a first visit."""
    st.divider()
    detail(row)


def detail(row: RunSummary, closes: bool = False) -> None:
    """A run's results, and links to the other pages."""
    run = Store.default().listed(row.id)
    if run is None:
        return
    if closes:
        follow(run)
    run_heading.heading(run, on_close=run_selection.close if closes else None)
    if row.problem:
        st.error(plain(row.problem), icon=":material/error:")
    if not row.imported:  # the heading has those of an import
        remarks.show(row.remarks)
    if row.epoch and st.button("Curves and epochs", icon=":material/show_chart:", key="open-train"):
        st.switch_page("pages/train.py", query_params={"run": run.id})
    try:
        image_grid.film(run, rows=4)
        evaluation_table(run.evaluation())
    except AecoreError as error:
        if row.state not in ACTIVE:
            st.caption(plain(str(error)))


def evaluation_table(evaluations: list[dict]) -> None:
    rows = []
    for entry in evaluations:
        measured = [("reconstruction", entry["metrics"])]
        if entry["corruption"] != "none":
            measured.append((input_name(Corruption.parse(entry["corruption"])), entry["noisy_input"]))
        measured += [(TITLES.get(name, name), found["metrics"]) for name, found in entry.get("classical", {}).items()]
        for what, values in measured:
            rows.append(
                {
                    "Test images": labels.tested_label(entry["corruption"]),
                    "Image": what,
                    "MSE": values["mse"],
                    "PSNR": values["psnr_db"],
                    "SSIM": values["ssim"],
                    "SNR": values["snr_db"],
                }
            )
    if rows:
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            placeholder="∞",  # the noisy input's PSNR where images are unchanged
            column_config={
                "MSE": st.column_config.NumberColumn(format="%.5f"),
                "PSNR": st.column_config.NumberColumn(format="%.2f dB"),
                "SSIM": st.column_config.NumberColumn(format="%.3f"),
                "SNR": st.column_config.NumberColumn(format="%.2f dB"),
            },
        )
