"""What stands above a run: its name and state, the buttons for this state, and what it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from aecore import access, jobs
from aecore.errors import AecoreError
from aecore.format import count
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE, RESUMABLE, is_arriving, is_stopping, run_state
from aecore.runs.summary import RunSummary, import_notes
from dashboard.cache import runs
from dashboard.cache.sweeps import is_there
from dashboard.format import plain
from dashboard.style import state_badge
from dashboard.widgets import run_actions
from dashboard.widgets.followed_run import lead_on
from dashboard.widgets.icon_button import icon_button
from dashboard.widgets.lasting_button import lasting_button

_PROBLEM = "monitor-problem"
SHOWN = "shown_state"
"""Where the session keeps the state that the heading shows."""


def state_of(run: Run) -> str:
    """The state of a run as the app shows it: `stopping` and `deleted` too."""
    if not run.path.is_dir():
        return "deleted"
    return "stopping" if is_stopping(run) else run_state(run)


def _consistent(run: Run) -> tuple[RunSummary, bool]:
    """The run's summary and whether it is stopping, read while its state did not change: whoever watches for changes
    goes by the state that is shown. Where it changes all the same, the first look afterwards draws anew."""
    tries = 0
    while True:
        before = state_of(run)
        row, stopping = runs.summary(run), is_stopping(run)
        tries += 1
        if state_of(run) == before or tries == 3:
            st.session_state[SHOWN] = before
            return row, stopping


def heading(run: Run, on_close: Callable[[], None] | None = None) -> None:
    """Name, state and the buttons for this state, the last one to close the run where it can be closed."""
    row, stopping = _consistent(run)
    idle = row.state not in ACTIVE
    if message := st.session_state.pop(_PROBLEM, None):
        st.error(plain(message), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(plain(runs.titles([run])[0]), anchor=False, width="content")
        state_badge("stopping" if stopping else row.state)
        run_actions.edit(run, row)
        # From the left: what comes later must not push a button away from under the pointer.
        if not idle and access.owns(run) and not (row.remote and is_arriving(run)):
            title = "Stopping…" if stopping else "Stop"
            about = "It ends after this epoch and can be resumed from there." if row.state == "running" else None
            if row.recorded:
                about = "Its loop is told, and ends when it asks: run.should_stop"
            elif row.remote:
                about = f"{plain(row.remote)} is told with the next answer, within seconds; it can be resumed there."
            lasting_button(
                title, partial(_stop, run), icon=":material/stop:", key="stop", disabled=stopping, help=about
            )
        if row.state in RESUMABLE and not (row.recorded or row.remote) and access.owns(run):
            icon = ":material/play_arrow:"
            lasting_button("Resume", partial(_resume, run), icon=icon, type="primary", key="resume")
        if row.sweep and is_there(row.sweep):
            icon = ":material/grid_on:"
            st.page_link("pages/sweep.py", label="Sweep", icon=icon, query_params={"sweep": row.sweep})
        if row.epoch:
            st.page_link(
                "pages/replay.py",
                label="Replay",
                icon=":material/slow_motion_video:",
                query_params={"run": run.id},
            )
        if idle and (row.epoch or row.imported):
            st.page_link(
                "pages/restore.py",
                label="Open on Restore",
                icon=":material/auto_fix_high:",
                query_params={"run": run.id},
            )
        if row.epoch or row.imported:
            lead_on(run, "" if on_close is not None else "train")
        run_actions.download(run, row)
        run_actions.delete_button(run, row.state)
        if on_close is not None:
            icon_button("Close", "close", "close", type="tertiary", on_click=on_close)
    parts = [
        row.id,
        row.data,
        f"code of {row.code_size:,}" if row.code_size else "",
        count(row.parameters, "parameter") if row.parameters else "",
        row.machine,
        f"imported from {row.imported}" if row.imported else "",
        f"recorded from a loop in {row.recorded}" if row.recorded and not row.tracked else "",
        f"imported from {row.recorded}" if row.tracked else "",
        f"sent from {row.remote}" if row.remote else "",
    ]
    st.caption(" · ".join(plain(part) for part in parts if part))
    if row.imported:
        lines = [f"{line[0].upper()}{line[1:]}." for line in import_notes(run.status())]
        st.caption("  \n".join(map(plain, lines)))
    if row.note:
        st.text(row.note)


def _stop(run: Run) -> bool:
    try:
        jobs.stop(run, wait_s=0)  # do not block the page; a tick shows the end
    except AecoreError as error:
        st.session_state[_PROBLEM] = str(error)
    return True


def _resume(run: Run) -> bool:
    try:
        jobs.requeue(run)
        jobs.start(run)
    except (AecoreError, OSError) as error:
        st.session_state[_PROBLEM] = str(error)
    return True
