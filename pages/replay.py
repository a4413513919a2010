"""Replay: scrub through a run's snapshots epoch by epoch in the browser, alone or next to a second run."""

import contextlib

import streamlit as st

from aecore.data.catalogue import data_set
from aecore.errors import AecoreError
from aecore.runs.state import ACTIVE, run_state
from aecore.runs.store import SNAPSHOTS, Run, Store
from dashboard import url_state
from dashboard.cache import runs
from dashboard.components.replayer import replay
from dashboard.navigation import route
from dashboard.replay.reel import reel, same_images, same_noise
from dashboard.url_state import Field, key
from dashboard.widgets import run_picker

route()

REFRESH_S = 3.0
PAGE, PLAYER = "replay", "replay-player"


def epoch(text: str) -> str:
    """An epoch as the address has it; empty for the last one."""
    if text and not 0 <= float(text) < 1e9:  # float() refuses what is not a number
        raise ValueError(text)
    return text


FIELDS = {"run": Field(""), "with": Field(""), "epoch": Field("", epoch)}


def label(run_id: str, titles: dict[str, str]) -> str:
    return run_picker.label(run_id, titles) if run_id else "No second run"


def choose_runs() -> list[Run]:
    """The run to show and the one to compare it with, as linked or picked."""
    state, listed = st.session_state, {run.id: run for run in Store.default().runs()}
    first_key, second_key = key(PAGE, "run"), key(PAGE, "with")
    linked = [state[first_key], state[second_key]]
    # An imported run has a single snapshot: it is shown if a link asks for it, but not offered.
    watched = {n: run for n, run in listed.items() if run.file(SNAPSHOTS).is_file() and not runs.summary(run).imported}
    usable = {name: run for name, run in listed.items() if name in watched or name in linked}
    for name in filter(None, linked):
        if name not in usable:
            st.warning(f"There is no run “{name[:80]}” here.", icon=":material/search_off:")
    if not usable:
        st.info("No run has snapshots yet. Train one: they are saved from the first epoch on.", icon=":material/inbox:")
        st.page_link("pages/train.py", label="Train a first model", icon=":material/play_arrow:")
        return []
    if state[first_key] not in usable:
        state[first_key] = next(iter(usable))
    titles = {name: runs.summary(run).title for name, run in usable.items()}
    left, right = st.columns(2)
    with left:
        first = st.selectbox("Run", list(usable), format_func=lambda name: label(name, titles), key=first_key)
    others = ["", *(name for name in usable if name != first)]
    if state[second_key] not in others:
        state[second_key] = ""
    with right:
        second = st.selectbox(
            "Compare with",
            others,
            format_func=lambda name: label(name, titles),
            key=second_key,
            disabled=len(others) == 1,
        )
    return [usable[name] for name in (first, second) if name]


def current_epoch(sent: str | None) -> str:
    """The epoch for the address: what the player sent since this visit began, else the initial one; empty for the
    last."""
    state, now = st.session_state, (url_state.visit(PAGE), sent)
    before = state.get(key(PAGE, "rested"), (None, None))
    state[key(PAGE, "rested")] = now
    if before[0] == now[0] and sent is not None and sent != before[1]:
        state[key(PAGE, "epoch")] = sent
    return state[key(PAGE, "epoch")]


def player(chosen: list[Run]) -> None:
    """The runs that can be shown, side by side; for the others one line each that says why not."""
    reels, panels, shown = [], [], []
    for run in chosen:
        if runs.summary(run).imported:
            st.info(
                f"{run.id} was trained elsewhere: it has a final output but no training history.",
                icon=":material/info:",
            )
        try:
            found, images = reel(run)
            reels.append(found)
            panels.append(images)
            shown.append(run)
        except AecoreError as error:
            waiting = run_state(run) in ACTIVE
            if waiting:
                st.info(
                    f"{run.id}: the first images appear with its first saved epoch.", icon=":material/hourglass_top:"
                )
            else:
                st.error(str(error), icon=":material/broken_image:")
    if not reels:
        return
    opened = st.session_state[key(PAGE, "epoch")]
    shared = len(reels) == 2 and same_images(*panels)
    sent = replay(
        reels,
        start=float(opened) if opened else None,
        visit=url_state.visit(PAGE),
        shared=shared,
        one_noise=shared and same_noise(*panels),
        key=PLAYER,
    )
    url_state.keep(PAGE, FIELDS, epoch=current_epoch(sent))
    for words in citations(shown):
        st.caption(words)


def citations(shown: list[Run]) -> list[str]:
    found = {}
    for run in shown:
        with contextlib.suppress(AecoreError):
            about = data_set(run.experiment().data.name)
            found[about.citation] = None
    return list(found)


def view() -> None:
    url_state.arrive(PAGE, FIELDS)
    chosen = choose_runs()
    if not chosen:
        return
    states = [run_state(run) for run in chosen]
    st.session_state["replay-states"] = states

    def tick() -> None:
        if [run_state(run) for run in chosen] != st.session_state.get("replay-states"):
            st.rerun()
        player(chosen)

    active = any(state in ACTIVE for state in states)
    st.fragment(tick, run_every=REFRESH_S if active else None)()


st.title("Replay", anchor=False)
try:
    view()
except AecoreError as error:
    st.error(str(error), icon=":material/broken_image:")
