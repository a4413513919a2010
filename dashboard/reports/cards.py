"""A card for every preset of our own: what it is for, what it costs, when it fails, and what it reaches."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.data.catalogue import data_set
from aecore.format import duration, format_value
from aecore.models.architecture import plan
from aecore.models.layer import Plan
from aecore.presets import Preset
from aecore.reports.beyond import Reached, aim, spread
from aecore.reports.claims import gallery_run
from aecore.runs.run import Run
from aecore.runs.store import Store
from dashboard.format import plain

SIDE_BY_SIDE = 2


def cards(own: Sequence[Preset], found: Sequence[Reached], store: Store) -> None:
    """The cards of the presets, two in a row; `found` are the goals of all of them."""
    for start in range(0, len(own), SIDE_BY_SIDE):
        row = st.columns(SIDE_BY_SIDE)
        for preset, place in zip(own[start : start + SIDE_BY_SIDE], row, strict=False):
            with place.container(border=True, height="stretch"):
                _card(preset, [entry for entry in found if entry.preset == preset.name], store)


def _card(preset: Preset, goals: Sequence[Reached], store: Store) -> None:
    run = gallery_run(preset.name, store)
    st.markdown(f"**{plain(preset.title)}**  \n{plain(preset.summary)}")
    st.markdown(plain(preset.idea))
    if preset.fails:
        st.markdown(f"**When it fails:** {plain(preset.fails)}")
    if goals:
        st.markdown("\n".join(goal_line(entry) for entry in goals))
    st.caption(f"{_cost_of(preset, run, goals)}  \nSource: {plain(preset.source)}")
    if run is None:
        st.caption(":material/hourglass_empty: No finished run of it ships: train it here.")
    with st.container(horizontal=True, vertical_alignment="center"):
        again = "Run it again" if run is not None else "Train it"
        icon = ":material/replay:" if run is not None else ":material/play_arrow:"
        st.page_link("pages/train.py", label=again, icon=icon, query_params={"preset": preset.name})
        if run is None:
            return
        known = {entry.goal.than: entry.goal.corruption for entry in goals if entry.than is not None}
        for than, corruption in known.items():
            compare_link(preset.name, than, corruption or "none", f"Compare with {than}")
        st.page_link("pages/train.py", label="Open", icon=":material/show_chart:", query_params={"run": preset.name})


def compare_link(own: str, than: str, corruption: str, label: str) -> None:
    """To Compare, with the report's run as that beside which our own stands, under the task's corruption."""
    query = {"runs": f"{than},{own}", "base": than} | ({"tested": corruption} if corruption != "none" else {})
    st.page_link("pages/compare.py", label=label, icon=":material/compare:", query_params=query)


def goal_line(entry: Reached) -> str:
    """A goal as a line of a list: what is measured, the aim, the report's run, the spread over seeds."""
    goal, parts = entry.goal, []
    if entry.measured is not None:
        mark = "✓" if entry.word == "reached" else "✗"
        parts.append(f"**{format_value(entry.measured, goal.unit)}** {mark} {entry.word}")
    parts.append(f"aim {aim(goal)}")
    if entry.than is not None:
        parts.append(f"`{goal.than}` {format_value(entry.than, goal.unit)}")
    if seeds := spread(entry.every, goal.unit):
        parts.append(f"seeds {seeds}")
    quantity = goal.quantity[0].upper() + goal.quantity[1:]
    return f"- {plain(quantity)}: {', '.join(parts)}"


def solved_of(preset: Preset) -> Plan:
    """The layers of a preset's network."""
    return plan(preset.experiment.model, data_set(preset.experiment.data.source).image_shape)


def size_of(solved: Plan) -> str:
    """`622,504 parameters, code of 8`."""
    code = f"code of {solved.code_size:,}" if solved.has_code else "no code"
    return f"{solved.parameters:,} parameters, {code}"


def _cost_of(preset: Preset, run: Run | None, goals: Sequence[Reached]) -> str:
    size = size_of(solved_of(preset))
    seconds, device = next(((entry.seconds, entry.device) for entry in goals), (None, ""))
    if run is not None and not goals:
        lines, device = run.metrics(), str(run.status().get("device_name") or "")
        seconds = lines[-1].get("seconds") if lines else None
    if not seconds:
        return size
    return f"{size}; trained in {duration(seconds)}{f' on {plain(device)}' if device else ''}"
