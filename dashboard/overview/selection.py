"""The selected run, or what can be done with several."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from aecore.errors import AecoreError
from aecore.format import count
from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from aecore.runs.summary import RunSummary
from dashboard.cache import runs
from dashboard.compare.tables import MOST
from dashboard.denoise.classical import TITLES
from dashboard.widgets import image_grid, remarks, run_monitor

COMPARED = range(2, MOST + 1)
COMPARE = Path(__file__).parents[2] / "pages" / "compare.py"


def several(chosen: list[RunSummary]) -> None:
    """Actions for several runs: compare them."""
    if not COMPARE.exists():
        st.caption(f"{count(len(chosen), 'run')} selected. Select just one to open it.")
    elif len(chosen) in COMPARED:
        if st.button(f"Compare {count(len(chosen), 'run')}", icon=":material/compare:", type="primary", key="compare"):
            query = {"runs": ",".join(row.id for row in chosen)}
            st.switch_page("pages/compare.py", query_params=query)
    else:
        st.caption(f"{count(len(chosen), 'run')} selected; at most {COMPARED[-1]} can be compared.")


def detail(row: RunSummary) -> None:
    """The selected run: its results, and links to the other pages."""
    run = Store.default().listed(row.id)
    if run is None:
        return
    st.divider()
    run_monitor.heading(run)
    if row.problem:
        st.error(row.problem, icon=":material/error:")
    if not row.imported:  # the heading has those of an import
        remarks.show(row.remarks)
    if row.epoch and st.button("Curves and epochs", icon=":material/show_chart:", key="open-train"):
        st.switch_page("pages/train.py", query_params={"run": run.id})
    try:
        evaluation_table(run.evaluation())
        image_grid.film(runs.snapshots(run), rows=4)
    except AecoreError as error:
        if row.state not in ACTIVE:
            st.caption(str(error))


def evaluation_table(evaluations: list[dict]) -> None:
    rows = []
    for entry in evaluations:
        measured = [("reconstruction", entry["metrics"])]
        if entry["corruption"] != "none":
            measured.append(("noisy input", entry["noisy_input"]))
        measured += [(TITLES.get(name, name), found["metrics"]) for name, found in entry.get("classical", {}).items()]
        for what, values in measured:
            rows.append(
                {
                    "Test corruption": entry["corruption"],
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
            column_config={
                "MSE": st.column_config.NumberColumn(format="%.5f"),
                "PSNR": st.column_config.NumberColumn(format="%.2f dB"),
                "SSIM": st.column_config.NumberColumn(format="%.3f"),
                "SNR": st.column_config.NumberColumn(format="%.2f dB"),
            },
        )
