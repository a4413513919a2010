"""The run that a person looks at: it stays chosen from page to page, and its line leads to every page."""

from __future__ import annotations

import streamlit as st

from aecore.runs.store import SNAPSHOTS, WEIGHTS, Run
from dashboard.url_state import FOLLOWED

PAGES = {
    "train": ("Curves", "show_chart"),
    "denoise": ("Denoise", "blur_on"),
    "replay": ("Replay", "slow_motion_video"),
    "interpolate": ("Interpolate", "linear_scale"),
    "latent": ("Latent space", "scatter_plot"),
    "generate": ("Generate", "tune"),
}
"""The pages about one run."""


def follow(run: Run) -> None:
    """From here on the other pages begin with this run, as far as it has weights."""
    if run.file(WEIGHTS).is_file():
        st.session_state[FOLLOWED] = run.id


def lead_on(run: Run, here: str) -> None:
    """Whether the run is shipped or one's own, and under it links to the other pages about it."""
    kind, icon = ("Shipped", "inventory_2") if run.shipped else ("Yours", "person")
    with st.popover(kind, icon=f":material/{icon}:", type="tertiary", key=f"lead-{here}-{run.id}"):
        for page, (label, symbol) in PAGES.items():
            if page == here or (page == "replay" and not run.file(SNAPSHOTS).is_file()):
                continue
            st.page_link(f"pages/{page}.py", label=label, icon=f":material/{symbol}:", query_params={"run": run.id})
