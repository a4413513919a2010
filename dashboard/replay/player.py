"""The player with its runs, its place in the address, and why a run cannot be played."""

from __future__ import annotations

import contextlib

import streamlit as st

from aecore.data.catalogue import data_set
from aecore.errors import AecoreError
from aecore.runs.state import ACTIVE, run_state
from aecore.runs.store import Run
from dashboard import url_state
from dashboard.cache import runs
from dashboard.components.replayer import replay
from dashboard.replay import export
from dashboard.replay.choose import PAGE
from dashboard.replay.reel import reel, same_images, same_noise
from dashboard.url_state import Field, key
from dashboard.widgets import figure_export

PLAYER = "replay-player"


def epoch(text: str) -> str:
    """An epoch as the address has it; empty for the last one."""
    if text and not 0 <= float(text) < 1e9:  # float() refuses what is not a number
        raise ValueError(text)
    return text


FIELDS = {"run": Field(""), "with": Field(""), "epoch": Field("", epoch)}


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
    now = st.session_state[key(PAGE, "epoch")]
    parts = list(zip(shown, reels, panels, strict=True))
    figure_export.export(
        lambda: export.film(parts, float(now) if now else None),
        f"{'-and-'.join(run.id for run in shown)}-replay",
        key=PAGE,
    )
    for words in citations(shown):
        st.caption(words)


def citations(shown: list[Run]) -> list[str]:
    found = {}
    for run in shown:
        with contextlib.suppress(AecoreError):
            about = data_set(run.experiment().data.source)
            found[about.citation] = None
    return list(found)
