"""The combinations of a sweep as a table, best first; selected ones can be opened in Compare or run by run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from aecore.runs.store import Store
from aecore.sweeps import labels
from aecore.sweeps.definition import GOALS
from aecore.sweeps.statistics import Group, best, mark, remarked
from dashboard.cache.sweeps import Seen
from dashboard.format import plain
from dashboard.widgets import remarks

SHOWN_ROWS = 1000
"""The largest number of combinations in the table; the CSV has them all."""
SHOWN_SEEDS = 12
LINKED = 10
"""How many of the selected combinations have links to their runs below the table."""
TICKED, SHOWN = "sweep-ticked", "sweep-shown-rows"


def table(seen: Seen, groups: Sequence[Group], goal: str) -> list[Group]:
    """Draw the table; returns the selected combinations, best first."""
    ranked = best(groups, GOALS[goal])
    part = ranked[:SHOWN_ROWS]
    names = [_name(group) for group in part]
    # The browser keeps the selection by row number, so another order needs another table.
    about = hashlib.sha1(f"{seen.folder.id} {goal} {names}".encode(), usedforsecurity=False).hexdigest()[:12]
    key = f"sweep-rows-{about}"
    st.session_state[SHOWN] = (seen.folder.id, key, names)
    ticked = _ticked(seen)
    st.dataframe(
        frame(seen, part, goal),
        hide_index=True,
        key=key,
        on_select=_changed,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [i for i, name in enumerate(names) if name in ticked]}},  # type: ignore[arg-type]
        placeholder="–",
        height="content" if len(part) <= 16 else 560,
        column_config=_columns(groups, goal),
    )
    if len(ranked) > len(part):
        st.caption(f"The best {len(part):,} of {len(ranked):,}; the CSV has them all.")
    return [group for group, name in zip(part, names, strict=True) if name in ticked]


def frame(seen: Seen, groups: Sequence[Group], goal: str) -> pd.DataFrame:
    """One row per combination, as the table shows it."""
    scale = labels.METRICS[goal].scale
    seconds = {row.run: row.seconds for row in seen.rows}
    columns: dict[str, list[Any]] = {}
    for setting in seen.sweep.vary:
        values = [group.values[setting] for group in groups]
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        columns[labels.setting(setting)] = values if numbers else [labels.value(setting, value) for value in values]
    columns[labels.METRICS[goal].title] = [group.mean * scale for group in groups]
    columns["±"] = [None if group.std is None else group.std * scale for group in groups]
    columns["Runs"] = [len(group.scores) for group in groups]
    noted = remarked(seen.rows)
    marks = [mark(group, noted) for group in groups]
    if any(marks):
        columns["Remarks"] = marks
    if goal != "seconds":
        spent = [[found for run in group.runs if (found := seconds.get(run)) is not None] for group in groups]
        columns["Training time"] = [sum(found) / len(found) if found else None for found in spent]
    return pd.DataFrame(columns)


def _columns(groups: Sequence[Group], goal: str) -> dict[str, Any]:
    metric = labels.METRICS[goal]
    places = max((labels.decimals(goal, group.mean * metric.scale) for group in groups[:SHOWN_ROWS]), default=4)
    unit = f" {metric.unit}".replace("%", "%%") if metric.unit else ""
    number = st.column_config.NumberColumn
    return {
        metric.title: number(format=f"%.{places}f{unit}", help=f"Mean over the seeds; {GOALS[goal]} is better"),
        "±": number(format=f"%.{places}f{unit}", help="Sample standard deviation over the seeds"),
        "Remarks": remarks.COLUMN,
        "Runs": number(help="Number of finished runs in the mean", width="small"),
        **({} if goal == "seconds" else {"Training time": number(format="%.1f s", help="Mean per run")}),
    }


def ticked_bar(seen: Seen, ticked: Sequence[Group], store: Store) -> None:
    """Actions for the selected combinations."""
    if seen.folder.shipped:
        st.caption("This sweep ships without its runs: their metrics are here and in the CSV, but none can be opened.")
        return
    if not ticked:
        st.caption("Select combinations to open their runs.")
        return
    able = [(group, run) for group in ticked if (run := typical(group, store)) is not None]
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(able) > 1:
            open_label = f"Open these {len(able)} in Compare"
            if st.button(open_label, icon=":material/compare:", type="primary", key="sweep-compare"):
                st.switch_page("pages/compare.py", query_params={"runs": ",".join(run for _, run in able)})
        note = "Opens the run nearest the mean of each combination." if len(able) > 1 else ""
        if len(able) < len(ticked):
            note = "Deleted runs cannot be opened."
        elif len(able) == 1:
            note = "Select another one to compare."
        st.caption(note)
    seeds = {row.run: row.seed for row in seen.rows}
    for group in ticked[:LINKED]:
        _links(group, seeds, store)


def typical(group: Group, store: Store) -> str | None:
    """Of the combination's runs that still exist, the one whose score is nearest the mean."""
    there = [(abs(score - group.mean), run) for score, run in zip(group.scores, group.runs, strict=True)]
    return next((run for _, run in sorted(there) if store.listed(run) is not None), None)


def _links(group: Group, seeds: dict[str, int], store: Store) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(labels.combination(group.values))}**", width="content")
        there = [run for run in group.runs if store.listed(run) is not None]
        for run in there[:SHOWN_SEEDS]:
            label, icon = f"seed {seeds[run]}", ":material/show_chart:"
            st.page_link("pages/train.py", label=label, icon=icon, query_params={"run": run})
        if len(there) > SHOWN_SEEDS:
            st.caption(f"and {len(there) - SHOWN_SEEDS} more", width="content")


def _changed() -> None:
    """A box was ticked or cleared."""
    sweep, key, names = st.session_state[SHOWN]
    chosen = st.session_state[key]["selection"]["rows"] if key in st.session_state else []
    before: list[str] = st.session_state.get(TICKED, ("", []))[1]
    elsewhere = [name for name in before if name not in names]
    st.session_state[TICKED] = (sweep, elsewhere + [names[number] for number in chosen if number < len(names)])


def _ticked(seen: Seen) -> set[str]:
    sweep, names = st.session_state.get(TICKED, ("", []))
    return set(names) if sweep == seen.folder.id else set()


def _name(group: Group) -> str:
    return json.dumps(group.values)
