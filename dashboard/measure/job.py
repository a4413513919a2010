"""Measuring from the page: the buttons that start it, its progress, and what became of it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from aecore import access, data
from aecore.errors import AecoreError, DamagedError, OutdatedError
from aecore.jobs import measuring
from aecore.jobs.measuring import LIKELIHOOD_SAMPLES
from aecore.runs.measures import Measures
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE
from dashboard import page
from dashboard.cache import measures, runs
from dashboard.format import plain
from dashboard.measure.url import PAGE
from dashboard.widgets.lasting_button import lasting_button

TICK_S = 0.5


def known(run: Run) -> tuple[Measures | None, str]:
    """What was measured of the run, and why that cannot be shown, in words; empty where it can, or nothing was."""
    try:
        return measures.measures(run), ""
    except OutdatedError:
        return None, "This run was measured with other weights than it has now; measure it again."
    except DamagedError as error:
        return None, f"{plain(str(error))}."


def status(run: Run) -> bool:
    """How far a measuring of the run is, with a button that stops it, or why the last one failed; returns whether one
    is running."""
    now = measuring.read_progress(run)
    st.session_state[_state(run)] = now.state if now else None
    running = now is not None and now.state == "running"
    if now is not None:
        page.fragment(_tick, run_every=TICK_S if running else None)(run)
    return running


def start_buttons(run: Run, found: Measures | None, problem: str = "") -> None:
    """Buttons that measure the run: for the first time, again, or with more samples for a VAE's likelihood."""
    if not access.owns(run):
        return
    if runs.summary(run).state in ACTIVE:
        st.caption("It is being trained; it can be measured once that has ended.")
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"{PAGE}-start-{run.id}"):
        if found is None:
            words, again = ("Measure again", True) if problem else ("Measure", False)
            act = partial(_start, run, again=again)
            lasting_button(words, act, icon=":material/straighten:", type="primary", key=f"{PAGE}-now-{run.id}")
            fetched = "" if data.prepared(run.experiment().data.source) else " Its images are fetched first."
            st.caption(f"It takes a minute or a few, in a process of its own.{fetched}", width="content")
            return
        if "likelihood" in found.measures and (found.value("likelihood", "samples") or 0) < LIKELIHOOD_SAMPLES:
            lasting_button(
                f"Bound the likelihood with {LIKELIHOOD_SAMPLES:,} samples",
                partial(_start, run, samples=LIKELIHOOD_SAMPLES),
                icon=":material/functions:",
                key=f"{PAGE}-bound-{run.id}",
                help="The bound rises with the number of samples, and comes closer to the likelihood itself.",
            )
        act = partial(_start, run, again=True)
        lasting_button("Measure again", act, icon=":material/refresh:", type="tertiary", key=f"{PAGE}-again-{run.id}")


def strengths_button(run: Run, again: bool) -> None:
    """A button that measures what noise of every strength does to the run; `again` where only total variation lacks."""
    if not access.owns(run) or run.shipped or runs.summary(run).state in ACTIVE:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"{PAGE}-strengths-{run.id}"):
        act, words = partial(_start, run, strengths=True), "Measure every strength"
        lasting_button(
            "Add total variation" if again else words, act, icon=":material/straighten:", key=f"{PAGE}-every-{run.id}"
        )
        fetched = "" if data.prepared(run.experiment().data.source) else " Its images are fetched first."
        st.caption(
            "PSNR over the strength of the noise, for the whole test set and beside total variation. It takes a minute "
            f"or a few, in a process of its own.{fetched}",
            width="content",
        )


def _tick(run: Run) -> None:
    now = measuring.read_progress(run)
    if (now.state if now else None) != st.session_state.get(_state(run)):
        st.rerun()  # it started or ended: the rest of the page changes too
    if now is None:
        return
    if now.state == "running":
        what = f"{now.samples:,} samples" if now.samples else now.what
        with st.container(horizontal=True, vertical_alignment="center", key=f"{PAGE}-job-{run.id}"):
            st.progress(now.share, f"{'Bounding the likelihood' if now.samples else 'Measuring'}: {plain(what)}")
            options = {"icon": ":material/stop:", "disabled": not access.owns(run)}
            lasting_button("Stop", partial(_stop, run), key=f"{PAGE}-stop-{run.id}", **options)
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"{PAGE}-ended-{run.id}"):
        if now.state == "failed":
            st.error(f"Measuring failed: {plain(now.error)}", icon=":material/error:")
        else:
            st.warning("Measuring was interrupted: its process exited unexpectedly.", icon=":material/power_off:")
        if access.owns(run) and st.button("Dismiss", key=f"{PAGE}-dismiss-{run.id}"):
            measuring.forget(run)
            st.rerun()


def _start(run: Run, *, again: bool = False, samples: int = 0, strengths: bool = False) -> bool:
    try:
        measuring.start(run, again=again, samples=samples, strengths=strengths)
    except AecoreError as error:
        st.error(plain(str(error)))
        return False
    return True


def _stop(run: Run) -> bool:
    try:
        measuring.stop(run)
    except AecoreError as error:
        st.error(plain(str(error)))
        return False
    return True


def _state(run: Run) -> str:
    return f"{PAGE}-state-{run.id}"
