"""Beyond the reports: what does better on their tasks and what that costs, then a card for every preset of our own."""

from __future__ import annotations

import streamlit as st

from aecore.format import count
from aecore.plots.cost import Against, Scored, cost_figure
from aecore.presets import preset
from aecore.reports.beyond import Reached, reached
from aecore.reports.claims import gallery_run
from aecore.reports.tasks import Task, own_presets, runs_of, tasks
from aecore.runs.store import Store
from dashboard import style, url_state
from dashboard.charts.plotly_chart import plotly_chart
from dashboard.format import plain
from dashboard.reports.cards import cards, compare_link
from dashboard.reports.tables import goals_table
from dashboard.reports.url import AGAINST, FIELDS, PAGE
from dashboard.url_state import key


def beyond(store: Store) -> None:
    """The chart of scores against costs, the table of goals, and the cards."""
    st.header("Beyond the reports", anchor=False)
    st.markdown(
        "Networks of our own for the reports' tasks, or for what the reports left out. "
        "Each says what it is to reach, and when it does not help."
    )
    own = own_presets()
    found = reached(store, [each.name for each in own])
    _cost(store)
    shipped = [entry for entry in found if preset(entry.preset).ships or gallery_run(entry.preset, store)]
    if any(entry.measured is not None for entry in shipped):
        st.subheader("Aims and what is measured", anchor=False)
        _tally(shipped)
        goals_table(shipped)
        st.caption(
            "The same table: `python -m aecore results --beyond`. Spread is the standard deviation over trainings with "
            "other seeds, in brackets their number; times are those of the processor that trained the run."
        )
    else:
        st.info(
            "There is no run of our own here: `python -m aecore gallery` trains those that ship, or train one from its "
            "card.",
            icon=":material/hourglass_empty:",
        )
    st.subheader("The networks", anchor=False)
    cards(own, found, store)


def _cost(store: Store) -> None:
    """A score against what it costs, for the task that is chosen."""
    st.subheader("The cost of being better", anchor=False)
    known = {name: (task, runs) for name, task in tasks().items() if (runs := runs_of(task, store))}
    if not known:
        url_state.keep(PAGE, FIELDS)
        st.info(
            "This chart needs runs that ship: `python -m aecore gallery` trains them.",
            icon=":material/hourglass_empty:",
        )
        return
    # The first in which a run of ours stands beside a report's; else one of ours alone.
    first = max(known, key=lambda name: max((1 + bool(than) for _, than in _pairs(*known[name])), default=0))
    state = st.session_state
    if state.get(key(PAGE, "task")) not in known:
        state[key(PAGE, "task")] = first
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Task",
            list(known),
            format_func=lambda name: known[name][0].title,
            key=key(PAGE, "task"),
            width=520,
        )
        against: Against = (
            st.segmented_control(
                "Against", list(AGAINST), format_func=AGAINST.__getitem__, key=key(PAGE, "against"), required=True
            )
            or "parameters"  # type: ignore[assignment]
        )
    url_state.keep(PAGE, FIELDS, task="" if chosen == first else chosen)
    task, runs = known[chosen]
    able = [run for run in runs if getattr(run, against)]
    if able:
        plotly_chart(cost_figure(able, task.metric, against), key="cost", name="cost", revision=f"{chosen} {against}")
    else:
        st.caption("None of these runs recorded how long its training took.")
    _note(runs, against)
    _compare(task, runs)


def _note(runs: list[Scored], against: Against) -> None:
    """What the points have in common, and in what they differ beside their cost."""
    words = [f"{runs[0].entry['n']:,} test images, the same for all."]
    sizes = {run.run.status().get("code_size") or 0 for run in runs}
    if len(sizes) > 1:
        words.append("Their codes differ in size, which each point tells under the pointer.")
    devices = {run.device for run in runs if run.device} if against == "seconds" else set()
    if len(devices) > 1:
        words.append(f"Trained on {count(len(devices), 'processor')}: times compare only on the same one.")
    elif devices:
        words.append(f"All trained on {plain(next(iter(devices)))}.")
    st.caption(" ".join(words))


def _pairs(task: Task, runs: list[Scored]) -> list[tuple[str, str]]:
    """Our own runs on the task with the report's beside which each stands, empty for none."""
    names = {run.name for run in runs}
    return [(own, than if than in names else "") for own, than in dict.fromkeys(task.pairs) if own in names]


def _compare(task: Task, runs: list[Scored]) -> None:
    """Links from the chart to the report's run beside the better one; where none of ours ships, to training it."""
    shown = _pairs(task, runs)
    with st.container(horizontal=True, vertical_alignment="center"):
        for own, than in shown:
            if than:
                compare_link(own, than, task.corruption, f"Compare {own} with {than}")
        for own in dict.fromkeys(own for own, _ in task.pairs if own not in {name for name, _ in shown}):
            st.markdown(f"No run of `{own}` ships.")
            st.page_link(
                "pages/train.py", label=f"Train {own}", icon=":material/play_arrow:", query_params={"preset": own}
            )


def _tally(found: list[Reached]) -> None:
    """How many aims were reached, as a line of badges."""
    looks: list[tuple[str, str, style.BadgeColor]] = [
        ("reached", ":material/check:", "green"),
        ("not reached", ":material/close:", "red"),
        ("not measured", ":material/hourglass_empty:", "gray"),
    ]
    with st.container(horizontal=True):
        for word, icon, color in looks:
            if number := sum(entry.word == word for entry in found):
                st.badge(f"{count(number, 'aim')} {word}", icon=icon, color=color)
