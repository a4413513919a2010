"""The player with its runs, its place in the address, and why a run cannot be played."""

from __future__ import annotations

import contextlib

import streamlit as st

from aecore.data.catalogue import data_set
from aecore.errors import AecoreError
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE, run_state
from aecore.viewer.reel import same_images, same_noise
from dashboard import url_state
from dashboard.cache import runs
from dashboard.cache.epochs import can_play
from dashboard.components.replayer import replay
from dashboard.format import plain
from dashboard.replay import export
from dashboard.replay.choose import PAGE
from dashboard.replay.reel import reel
from dashboard.url_state import Field, epoch, key
from dashboard.widgets import figure_export

PLAYER = "replay-player"


FIELDS = {
    "run": Field(""),
    "with": Field(""),
    "epoch": Field(None, epoch, browser=True),
    "difference": Field(False, lambda text: text == "1", browser=True),
}


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
                st.error(plain(str(error)), icon=":material/broken_image:")
    if not reels:
        return
    shared = len(reels) == 2 and same_images(*panels)
    replay(
        reels,
        start=st.session_state[key(PAGE, "epoch")],
        difference=st.session_state[key(PAGE, "difference")],
        visit=url_state.visit(PAGE),
        shared=shared,
        one_noise=shared and same_noise(*panels),
        key=PLAYER,
    )
    url_state.keep(PAGE, FIELDS)
    now = st.session_state[key(PAGE, "epoch")]
    parts = list(zip(shown, reels, panels, strict=True))
    figure_export.export(
        lambda: export.film(parts, float(now) if now else None),
        f"{'-and-'.join(run.id for run in shown)}-replay",
        key=PAGE,
    )
    for run in shown:
        if can_play(run):
            st.page_link(
                "pages/latent.py",
                label=f"Play the codes of {run.id if len(shown) > 1 else 'these epochs'}",
                icon=":material/scatter_plot:",
                query_params={"run": run.id, "over": "epochs"},
            )
    for words in citations(shown):
        st.caption(plain(words))


def citations(shown: list[Run]) -> list[str]:
    found = {}
    for run in shown:
        with contextlib.suppress(AecoreError):
            about = data_set(run.experiment().data.source)
            found[about.citation] = None
    return list(found)
