"""Watching one run: state, progress, curves and the panel, read from its directory alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from aecore import jobs
from aecore.config.experiment import Experiment
from aecore.errors import DamagedError
from aecore.format import count, duration
from aecore.plots.curves import metric_lines
from aecore.runs.run import LAYERS, SNAPSHOTS, Run
from aecore.runs.state import ACTIVE, is_arriving, run_state
from aecore.runs.store import Store
from aecore.runs.summary import remarks_of
from dashboard import page, url_state
from dashboard.cache import jsonl, runs
from dashboard.charts.run_charts import layer_chart, loss_chart, step_chart
from dashboard.format import plain
from dashboard.url_state import Field, key
from dashboard.widgets import image_grid, logged_images, remarks
from dashboard.widgets.candidates import candidates
from dashboard.widgets.run_heading import SHOWN, state_of

TICK_S, IDLE_TICK_S = 1.0, 4.0
THEIRS = "As the loop logged it: what it is a mean of, and on which scale, only its code says."
"""Of the losses of a recorded run."""
PAGE = "monitor"
FIELDS = {"layers": Field(False, lambda text: text == "1", lambda on: "1" if on else "")}
"""What the address says beside the run; the charts' views are the browser's."""


def watch(run: Run) -> None:
    """The live view of a run, below its `heading`; refreshes once per second while the run is active. Afterwards it
    only looks, less often, whether the run was deleted or resumed elsewhere."""
    url_state.arrive(PAGE, FIELDS)
    shown = st.session_state[SHOWN]

    live = shown in (*ACTIVE, "stopping")

    def look() -> None:
        # The session's state counts, not that of the script run that created this tick: a late tick of an
        # earlier one would otherwise rerun a page that is already up to date, and swallow a click on it.
        if state_of(run) != st.session_state.get(SHOWN):
            st.rerun()  # the heading and its buttons, outside this fragment, change too

    def tick() -> None:
        look()
        _body(run, run_state(run))
        url_state.keep(PAGE, FIELDS)

    page.draw(tick, run_every=TICK_S if live else None)
    if not live:
        page.draw(look, run_every=IDLE_TICK_S)


def _body(run: Run, state: str) -> None:
    try:
        status = run.status()
        experiment = run.experiment()
        metrics = metric_lines(run, jsonl.lines)
    except DamagedError as error:
        page.problem(error)
        return
    recorded = bool(status.get("recorded"))
    with st.container():  # what comes and goes with the state: what stands below keeps its place in the page
        if is_arriving(run):
            st.progress(0.0, f"Arriving from {plain(str(status['remote'].get('host')))}")
        else:
            _progress(run, state, status, metrics, status.get("epochs") if recorded else experiment.training.epochs)
        if not status.get("imported"):  # the heading has those of an import
            remarks.show(remarks_of(status))
        if state in ("failed", "interrupted") and (tail := run.log_tail()):
            with st.expander("Last lines of the log", icon=":material/terminal:"):
                st.code(tail, language=None)
    if not metrics:
        if state in ACTIVE:
            st.caption("The curves appear after the first epoch.")
        elif status.get("imported"):
            st.caption("This run was imported, so it has no training curves.")
            candidates(run, status["imported"])
            _panel(run, "")
        logged_images.show(run)
        return
    last = metrics[-1]
    with st.container(horizontal=True, gap="small"):
        on_train, on_test = (THEIRS, THEIRS) if recorded else _losses(experiment)
        if "train_loss" in last or not recorded:
            st.metric("Training loss", _number(last, "train_loss", ".5f"), border=True, help=on_train)
        if "test_loss" in last or not recorded:
            st.metric("Test loss", _number(last, "test_loss", ".5f"), border=True, help=on_test)
        if "lr" in last or not recorded:
            st.metric("Learning rate", _number(last, "lr", ".3g"), border=True)
        of = _number(vars(runs.summary(run)), "code_size", ",")
        ours = {} if recorded else last  # what a loop calls the same may be anything
        if "active_units" in ours:
            st.metric(
                "Active code units",
                f"{_number(last, 'active_units', ',')} of {of}",
                border=True,
                help="Code units whose mean varies by more than 0.01 over the test images; the others say nothing.",
            )
        elif "used_vectors" in ours:
            st.metric(
                "Vectors in use",
                _number(last, "used_vectors", ","),
                border=True,
                help="How many different vectors the codes of the test images consist of.",
            )
        elif "dead_units" in ours:
            st.metric(
                "Dead code units",
                f"{_number(last, 'dead_units', ',')} of {of}",
                border=True,
                help="Code units that are constant over all test images.",
            )
        if "images_per_s" in last or not recorded:
            st.metric("Speed", f"{_number(last, 'images_per_s', ',.0f')} images/s", border=True)
    loss_chart(run, key=f"curves-{run.id}", name="curves")
    if experiment.training.log_every:
        step_chart(run, key=f"steps-{run.id}", name="steps")
    if run.file(LAYERS).exists() and st.toggle("Show code units and layers", key=key(PAGE, "layers")):
        layer_chart(run, key=f"layers-{run.id}", name="layers")
    _panel(run, "Reconstructions appear after the first saved epoch.")
    logged_images.show(run)


def _losses(experiment: Experiment) -> tuple[str, str]:
    """What training and test loss are measured on."""
    model, training = experiment.model, experiment.training
    low, high = model.value_range
    what = "Binary cross-entropy" if model.likelihood == "bernoulli" else "Squared error"
    what += " plus KL divergence" if model.variational else ""
    over = "averaged over pixels" if training.reduction == "mean" else "summed over the pixels of an image"
    trained, tested = (experiment.corruption.of(images) for images in ("training images", "test images"))
    scale = f"{what}, {over}, on the scale from {low:g} to {high:g}"
    means = ", from the means of their codes" if model.variational and model.bottleneck.sample == "training" else ""
    return (
        plain(f"{scale}: the mean over the epoch's batches of {trained}."),
        plain(f"{scale}: all {tested} after the epoch{means}, with the same noise every time.")
        if experiment.corruption.draws
        else plain(f"{scale}: all {tested} after the epoch{means}."),
    )


def _number(values: Mapping[str, Any], name: str, form: str) -> str:
    """A number of a run's files, which may lack it, as text."""
    return "–" if values.get(name) is None else format(values[name], form)


def _panel(run: Run, without: str) -> None:
    """The panel's images, or the text `without` if there are none yet."""
    try:
        snapshots = runs.snapshots(run)
    except DamagedError as error:
        if run.file(SNAPSHOTS).exists():
            page.problem(error)
        elif without:
            st.caption(without)
        return
    st.subheader("Reconstructions by epoch" if len(snapshots["epochs"]) > 1 else "Reconstructions")
    image_grid.film(run)


def _progress(
    run: Run, state: str, status: dict[str, Any], metrics: Sequence[dict[str, Any]], epochs: int | None
) -> None:
    if state == "queued":
        st.progress(0.0, waiting_text(run))
    elif state == "preparing":
        stage = status.get("stage") or {}
        share = stage["done"] / stage["total"] if stage.get("total") else 0.0
        what = f": {plain(stage['what'])}" if stage else ""
        st.progress(min(share, 1.0), f"Preparing the images{what}")
    elif state == "running" and not epochs:
        done = metrics[-1]["epoch"] if metrics else 0
        st.caption(f"{count(done, 'epoch')} so far; its loop does not say how many there will be.")
    elif state == "running" and epochs:
        done = metrics[-1]["epoch"] if metrics else 0
        within = status.get("step", 0) / status["steps"] if status.get("steps") else 0.0
        whole = done + (within if status.get("epoch") == done else 0.0)
        left = ""
        if metrics and metrics[-1].get("seconds") and done:
            left = f", about {duration((epochs - whole) * metrics[-1]['seconds'] / done)} left"
        st.progress(min(whole / epochs, 1.0), f"Epoch {min(done + 1, epochs):,} of {epochs:,}{left}")
    elif state == "evaluating":
        st.progress(1.0, "Evaluating the model on the whole test set")
    elif status.get("error"):
        st.error(plain(status["error"]), icon=":material/error:")
    elif state == "interrupted" and status.get("remote"):
        host = plain(str(status["remote"].get("host")))
        st.warning(
            f"Nothing has been heard from {host} for a while. What it sent is here, and the rest may still come."
        )
    elif state == "interrupted":
        goes_on = "What it logged is here." if status.get("recorded") else "Resume continues from the last saved epoch."
        st.warning(f"The {'loop' if status.get('recorded') else 'worker'} exited unexpectedly. {goes_on}")


def waiting_text(run: Run) -> str:
    """What a queued run waits for, as Markdown."""
    if host := runs.summary(run).remote:
        return f"Queued on {plain(host)}"
    ahead = jobs.waits_behind(run)
    if not ahead:
        return "Starting"
    first = Store.default().listed(ahead[0])
    title = plain(runs.titles([first])[0] if first else ahead[0])
    more = f" and {count(len(ahead) - 1, 'other run')}" if len(ahead) > 1 else ""
    return f"Waiting for the device behind **{title}**{more}"
