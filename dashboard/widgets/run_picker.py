"""Choosing a run: by the address, or from those with weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import streamlit as st

from aecore.runs.run import WEIGHTS, Run
from aecore.runs.store import Store
from aecore.runs.summary import MARK, RunSummary
from dashboard.cache.runs import summaries
from dashboard.url_state import followed, key
from dashboard.widgets.followed_run import follow, lead_on


def chosen() -> Run | None:
    """The run named in the address, if the store has it; an unknown id gets a warning."""
    run_id = st.query_params.get("run")
    if not run_id:
        return None
    run = Store.default().listed(run_id)
    if run is None:
        st.warning(f"There is no run “{run_id[:80]}” here. It may have been deleted.", icon=":material/search_off:")
        del st.query_params["run"]
    else:
        follow(run)
    return run


def with_weights() -> list[Run]:
    """The runs with saved weights."""
    return [run for run in Store.default().runs() if run.file(WEIGHTS).is_file()]


def choose(
    page: str,
    width: int | Literal["stretch"] = "stretch",
    on_change: Callable[[], None] = lambda: None,
    *,
    code: str = "",
) -> Run | None:
    """A picker of runs with weights, kept in the page's address; None, with a link to Train, if there are none.

    A page that is about codes says what it needs one for in `code`: None, with that reason, for a run without one.
    """
    weighted = {run.id: run for run in with_weights()}
    listed = [row for row in summaries() if row.id in weighted]
    usable = {row.id: weighted[row.id] for row in listed}
    if not usable:
        st.info("No run has saved weights yet. Train one first.", icon=":material/inbox:")
        st.page_link("pages/train.py", label="Train a first model", icon=":material/play_arrow:")
        return None
    field = key(page, "run")
    asked = st.session_state.get(field, "")
    if asked not in usable:
        if asked and asked != followed():
            st.warning(f"There is no run “{asked[:80]}” with weights here.", icon=":material/search_off:")
        st.session_state[field] = next((row.id for row in listed if row.code_size or not code), listed[0].id)
    names = labels(listed)
    picked = st.selectbox(
        "Run",
        list(usable),
        format_func=names.__getitem__,
        key=field,
        on_change=on_change,
        width=width,
    )
    follow(usable[picked])
    lead_on(usable[picked], page)
    return usable[picked] if not code or has_code(usable[picked], code) else None


def has_code(run: Run, purpose: str) -> bool:
    """Whether the run's network has a code; if not, the page says that `purpose` needs one."""
    model = run.experiment().model
    if model.has_code:
        return True
    if model.external and not run.file(WEIGHTS).is_file():
        st.info(f"The network of this run was not kept, and {purpose} a code.", icon=":material/block:")
        return False
    name = {"unet": "U-Net", "dncnn": "DnCNN"}.get(model.kind, "network")
    st.info(f"This run's {name} has no code, and {purpose} one. See what it does on Restore.", icon=":material/block:")
    st.page_link(
        "pages/restore.py", label="Open on Restore", icon=":material/auto_fix_high:", query_params={"run": run.id}
    )
    return False


def labels(rows: Iterable[RunSummary]) -> dict[str, str]:
    """The label of every run by its id: its title, which no other run in the list has, with a mark before that of a run
    with remarks: a narrow picker cuts off the end."""
    return {row.id: f"{MARK} {row.title}" if row.remarks else row.title for row in rows}
