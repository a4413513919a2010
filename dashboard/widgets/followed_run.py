"""The run that a person looks at: it stays chosen from page to page, and its line leads to every page."""

from __future__ import annotations

import streamlit as st

from aecore import access
from aecore.access.person import VISITOR
from aecore.runs.run import SNAPSHOTS, WEIGHTS, Run
from dashboard.format import plain
from dashboard.url_state import FOLLOWED

PAGES = {
    "train": ("Curves", "show_chart"),
    "restore": ("Restore", "auto_fix_high"),
    "replay": ("Replay", "slow_motion_video"),
    "interpolate": ("Interpolate", "linear_scale"),
    "latent": ("Latent space", "scatter_plot"),
    "generate": ("Generate", "tune"),
    "measure": ("Measure", "straighten"),
}
"""The pages about one run."""
OF_A_CODE = ("interpolate", "latent", "generate", "measure")


def follow(run: Run) -> None:
    """From here on the other pages begin with this run, as far as it has weights."""
    if run.file(WEIGHTS).is_file():
        st.session_state[FOLLOWED] = run.id


def whose(run: Run) -> tuple[str, str]:
    """In a word whose run it is, and an icon for that."""
    if run.shipped:
        return "Shipped", "inventory_2"
    person, owner = access.current(), run.owner()
    if owner == person.name and not person.visitor:
        return "Yours", "person"
    if owner == VISITOR:
        return "A visitor's", "public"
    return (owner, "group") if owner else ("This server's", "dns")


def lead_on(run: Run, here: str) -> None:
    """Whose run it is, and under that links to the other pages about it."""
    kind, icon = whose(run)
    with st.popover(plain(kind), icon=f":material/{icon}:", type="tertiary", key=f"lead-{here}-{run.id}"):
        for page, (label, symbol) in PAGES.items():
            if page == here or (page == "replay" and not run.file(SNAPSHOTS).is_file()):
                continue
            if page in OF_A_CODE and not run.experiment().model.has_code:
                continue
            st.page_link(f"pages/{page}.py", label=label, icon=f":material/{symbol}:", query_params={"run": run.id})
