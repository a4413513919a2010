"""Replay: a run's snapshots scrubbed epoch by epoch in the browser, alone or beside a second run."""

import contextlib

import streamlit as st

from aecore import jobs
from aecore.data.catalogue import data_set
from aecore.errors import AecoreError
from aecore.store import SNAPSHOTS, Run, Store
from dashboard import runs
from dashboard.replay import replay
from dashboard.replay.reel import reel, same_images, same_noise

REFRESH_S = 3.0
PLAYER = "replay-player"


def label(run_id: str, titles: dict[str, str]) -> str:
    if not run_id:
        return "No second run"
    title = titles[run_id]
    return run_id if title in run_id else f"{title}  ({run_id})"


def choose_runs() -> list[Run]:
    """The run to show and the one beside it, as linked or picked; the address follows."""
    asked, beside = runs.chosen(), st.query_params.get("with", "")
    listed = {run.id: run for run in Store.default().runs()}
    linked = [asked.id if asked else "", beside]
    # A run that was trained elsewhere has one picture: it is shown where a link asks for it, and not offered.
    watched = {n: run for n, run in listed.items() if run.file(SNAPSHOTS).is_file() and not runs.summary(run).imported}
    usable = {name: run for name, run in listed.items() if name in watched or name in linked}
    if not usable:
        st.info("No run has snapshots yet. Train one: they come with its first epoch.", icon=":material/inbox:")
        st.page_link("views/train.py", label="Train a first model", icon=":material/play_arrow:")
        return []
    if beside and beside not in usable:
        st.warning(f"There is no run “{beside[:80]}” to show beside it.", icon=":material/search_off:")
    if linked != st.session_state.get("replay-linked") or "replay-run" not in st.session_state:
        st.session_state["replay-run"] = linked[0] or next(iter(usable))
        st.session_state["replay-with"] = beside if beside in usable else ""
    titles = {name: runs.summary(run).title for name, run in usable.items()}
    left, right = st.columns(2)
    with left:
        first = st.selectbox("Run", list(usable), format_func=lambda name: label(name, titles), key="replay-run")
    others = ["", *(name for name in usable if name != first)]
    if st.session_state.get("replay-with") not in others:
        st.session_state["replay-with"] = ""
    with right:
        second = st.selectbox(
            "Beside",
            others,
            format_func=lambda name: label(name, titles),
            key="replay-with",
            disabled=len(others) == 1,
        )
    st.session_state["replay-linked"] = [first, second]
    st.query_params["run"] = first
    if not second:
        st.query_params.pop("with", None)
    else:
        st.query_params["with"] = second
    return [usable[name] for name in (first, second) if name]


def arrive() -> None:
    """Take the epoch from the address where that names another than the player last told: a link, or Back."""
    linked = st.query_params.get("epoch", "")
    place = st.session_state.get("replay-place") if PLAYER in st.session_state else None
    if place and place["address"] == linked:
        return
    start = None
    with contextlib.suppress(ValueError):
        start = float(linked) if linked else None
    if start is not None and not 0 <= start < 1e9:  # also what is no number at all
        start = None
    visit, told = (place["visit"] + 1, place["told"]) if place else (0, None)
    st.session_state["replay-place"] = {"address": linked, "start": start, "visit": visit, "told": told}


def keep_address(epoch: str | None) -> None:
    """Write the epoch at which the player came to rest into the address; none for the last one."""
    place = st.session_state["replay-place"]
    if epoch is None or epoch == place["told"]:
        return
    place["told"] = place["address"] = epoch
    if epoch:
        st.query_params["epoch"] = epoch
    else:
        st.query_params.pop("epoch", None)


def player(chosen: list[Run]) -> None:
    """The runs that can be shown, side by side; of the others what is wrong, in a line each."""
    reels, panels, shown = [], [], []
    for run in chosen:
        if runs.summary(run).imported:
            st.info(
                f"{run.id} was trained elsewhere: there is its output to see, and no course.", icon=":material/info:"
            )
        try:
            found, images = reel(run)
            reels.append(found)
            panels.append(images)
            shown.append(run)
        except AecoreError as error:
            waiting = jobs.state(run) in jobs.ACTIVE
            if waiting:
                st.info(f"{run.id}: the first images come with its first saved epoch.", icon=":material/hourglass_top:")
            else:
                st.error(str(error), icon=":material/broken_image:")
    if not reels:
        return
    place = st.session_state["replay-place"]
    shared = len(reels) == 2 and same_images(*panels)
    epoch = replay(
        reels,
        start=place["start"],
        visit=place["visit"],
        shared=shared,
        one_noise=shared and same_noise(*panels),
        key=PLAYER,
    )
    keep_address(epoch)
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
    arrive()
    chosen = choose_runs()
    if not chosen:
        return
    states = [jobs.state(run) for run in chosen]
    st.session_state["replay-states"] = states

    def tick() -> None:
        if [jobs.state(run) for run in chosen] != st.session_state.get("replay-states"):
            st.rerun()
        player(chosen)

    active = any(state in jobs.ACTIVE for state in states)
    st.fragment(tick, run_every=REFRESH_S if active else None)()


st.title("Replay", anchor=False)
try:
    view()
except AecoreError as error:
    st.error(str(error), icon=":material/broken_image:")
