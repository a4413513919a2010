"""Overview: every run in a table; select one to open it, or several to compare them."""

from pathlib import Path

import pandas as pd
import streamlit as st

from aecore import demo
from aecore.errors import AecoreError
from aecore.format import count
from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from aecore.runs.summary import RunSummary
from dashboard import demo_notice
from dashboard.cache import runs
from dashboard.compare.tables import MOST
from dashboard.denoise.classical import TITLES
from dashboard.navigation import route
from dashboard.widgets import add_run, image_grid, run_actions, run_monitor, run_selection, run_table

route()

REFRESH_S = 2.0
COMPARED = range(2, MOST + 1)
COMPARE = Path(__file__).with_name("compare.py")


def welcome(own_runs: bool) -> None:
    """What this is and what to do next; shorter once the user has runs."""
    st.title("Autoencoder Lab", anchor=False)
    demo_notice.note()
    trains = demo.mode() != "read-only"
    if not own_runs:
        first = "train a first model in about ten seconds, " if trains else ""
        st.markdown(
            "Squeeze images through a bottleneck, watch the network learn to undo it, and see what it kept. "
            f"Five course reports are reproduced here, number by number. Read them, {first}"
            "or explore the finished runs below."
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        if own_runs:
            if trains and st.button("New run", icon=":material/add:", type="primary", key="new"):
                st.switch_page("pages/train.py")
        else:
            welcome_buttons(trains)
        add_run.add_a_run()
        run_actions.trash_list()


def welcome_buttons(trains: bool) -> None:
    if trains and st.button("Train a first model", icon=":material/play_arrow:", type="primary", key="first"):
        st.switch_page("pages/train.py", query_params={"preset": "digits-quick"})
    if st.button("Read the reports", icon=":material/fact_check:", key="reports"):
        st.switch_page("pages/reports.py")
    if st.button("Look at a trained model", icon=":material/blur_on:", key="look"):
        st.switch_page("pages/denoise.py")


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


def body() -> None:
    rows = first.pop() if first else runs.summaries()
    welcome(any(not row.shipped for row in rows))
    if not rows:
        run_actions.undo_bar()
        st.info("There are no runs yet. Train one: it takes about ten seconds.", icon=":material/inbox:")
        return
    chosen = run_selection.ticked(rows)
    run_table.table(rows, several=COMPARE.exists())
    run_actions.undo_bar()  # where the deleted run was shown: that is where people look
    if len(chosen) == 1:
        detail(chosen[0])
    elif chosen:
        several(chosen)
    if active and not any(row.state in ACTIVE for row in rows):
        st.rerun()  # nothing left to wait for: stop refreshing


first = [runs.summaries()]  # read once for both: whether to refresh, and what to show first
active = any(row.state in ACTIVE for row in first[0])
st.fragment(body, run_every=REFRESH_S if active else None)()
