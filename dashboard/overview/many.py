"""The line above the list of runs: how many there are, or what can be done with those that are ticked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from aecore import access
from aecore.format import count
from aecore.runs import archive
from aecore.runs.notes import LONGEST_GROUP, LONGEST_NOTE
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from aecore.runs.summary import RunSummary
from dashboard.widgets import many_runs, run_selection
from dashboard.widgets.icon_button import icon_button
from dashboard.widgets.lasting_button import lasting_button

_ROUND = "many-round"


def line(shown: Sequence[RunSummary], rows: Sequence[RunSummary]) -> None:
    """The line, as high whether runs are ticked or not, so that the list below stays in its place while one ticks."""
    ticked = run_selection.ticked(shown)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="many-line"):
        if ticked:
            st.markdown(f"**{len(ticked)} selected**", width="content")
            actions(ticked)
        else:
            found = (
                count(len(rows), "run") if len(shown) == len(rows) else f"{len(shown):,} of {count(len(rows), 'run')}"
            )
            how = ". Click a name to open it, tick boxes to select." if shown else "."
            st.caption(f"{found}{how}", width="content")


def actions(ticked: Sequence[RunSummary]) -> None:
    """What can be done with these runs. Shipped ones can be compared and exported only."""
    store = Store.default()
    found = {row.id: run for row in ticked if (run := store.listed(row.id)) is not None}
    if len(ticked) == 1:
        icon, args = ":material/open_in_full:", (ticked[0].id,)
        st.button("Open", icon=icon, type="tertiary", key="many-open", on_click=run_selection.show, args=args)
    elif st.button("Compare", icon=":material/compare:", type="tertiary", key="compare", help="Side by side"):
        st.switch_page("pages/compare.py", query_params={"runs": ",".join(found)})
    readable = [found[row.id] for row in ticked if row.id in found and row.state != "damaged"]
    if readable:
        name = f"{readable[0].id}.zip" if len(readable) == 1 else f"{len(readable)}-runs.zip"
        st.download_button(
            "Export",
            partial(archive.packed_all, readable),
            name,
            icon=":material/download:",
            type="tertiary",
            key="many-export",
            help="One .zip, which “Add a run” takes, here or on another machine",
            on_click="ignore",
        )
    own = [row for row in ticked if not row.shipped and row.id in found and access.owns(found[row.id])]
    if own:
        changes(own, found, len(ticked))
    icon_button("Untick all", "close", "many-none", type="tertiary", on_click=run_selection.tick, args=([],))


def changes(own: Sequence[RunSummary], found: Mapping[str, Run], ticked: int) -> None:
    """What changes one's own runs."""
    runs = [found[row.id] for row in own]
    _group(runs, own)
    _note(runs)
    active = [found[row.id] for row in own if row.state in ACTIVE]
    if active:
        lasting_button(
            f"Stop {len(active)}",
            partial(many_runs.stop, active),
            icon=":material/stop:",
            type="tertiary",
            key="many-stop",
            help="After their epoch; they can be resumed",
        )
    idle = [run for run in runs if run not in active]
    if idle:
        st.button(
            "Delete" if len(idle) == ticked else f"Delete {len(idle)}",
            icon=":material/delete:",
            type="tertiary",
            key="many-delete",
            help="With Undo, and a week in the trash",
            on_click=many_runs.delete,
            args=(idle,),
        )


def _group(runs: Sequence[Run], rows: Sequence[RunSummary]) -> None:
    """A popover to put the runs into a group."""
    key = f"many-group-{st.session_state.get(_ROUND, 0)}"  # a new key empties and closes it
    now = {row.group for row in rows}
    with (
        st.popover("Group", icon=":material/label:", type="tertiary", key=f"{key}-menu"),
        st.form(f"{key}-form", border=False),
    ):
        st.text_input(
            "Group",
            now.pop() if len(now) == 1 else "",
            max_chars=LONGEST_GROUP,
            placeholder="empty for none",
            key=key,
            help="A label that runs share; the filter finds it.",
        )
        st.form_submit_button("Save", type="primary", on_click=_save, args=(many_runs.put_in_group, runs, key))


def _note(runs: Sequence[Run]) -> None:
    """A popover to add to the runs' notes."""
    key = f"many-note-{st.session_state.get(_ROUND, 0)}"
    with (
        st.popover("Note", icon=":material/edit_note:", type="tertiary", key=f"{key}-menu"),
        st.form(f"{key}-form", border=False),
    ):
        st.text_area("Added to the note of each", max_chars=LONGEST_NOTE, height=120, key=key)
        st.form_submit_button("Save", type="primary", on_click=_save, args=(many_runs.add_note, runs, key))


def _save(act, runs: Sequence[Run], key: str) -> None:
    act(runs, st.session_state[key])
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
