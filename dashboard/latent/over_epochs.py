"""The latent space over the epochs of a training: the cloud that is played, or why there is none."""

from __future__ import annotations

import contextlib
from functools import partial

import numpy as np
import streamlit as st

from aecore import access
from aecore.config.experiment import difference
from aecore.errors import AecoreError
from aecore.format import count
from aecore.jobs import projection as projection_job
from aecore.jobs.projection_progress import ProjectionProgress
from aecore.latent.codes import WIDEST_SAVED
from aecore.latent.epoch_codes import EpochCodes, input_bytes, room
from aecore.latent.epoch_projection import EpochProjection
from aecore.latent.request import ProjectionRequest, code_size
from aecore.metrics.projection import NEIGHBOURS
from aecore.presets import preset, presets
from aecore.runs.run import SNAPSHOTS, Run
from aecore.runs.state import ACTIVE, run_state
from aecore.viewer import epoch_cloud as drawn
from dashboard import page, url_state
from dashboard.cache import codes as cached_codes
from dashboard.cache import epochs
from dashboard.cache.images import image_info
from dashboard.components.epoch_cloud import epoch_cloud
from dashboard.components.point_cloud.ship import epochs_view
from dashboard.latent import new_projection
from dashboard.latent.controls import PAGE, Wanted
from dashboard.url_state import key
from dashboard.widgets.lasting_button import lasting_button

CLOUD = f"{PAGE}-epochs"
TRAINING_S, JOB_S = 3.0, 0.5
"""How often it looks for more while the run trains, and while a projection is computed."""


def draw(wanted: Wanted, look: dict[str, str], running: bool) -> None:
    """The cloud over the epochs, kept up to date while the run trains or a projection is computed."""
    training = run_state(wanted.run) in ACTIVE
    page.fragment(_show, run_every=JOB_S if running else TRAINING_S if training else None)(wanted, look, training)
    if wanted.run.file(SNAPSHOTS).is_file():
        st.page_link(
            "pages/replay.py",
            label="Replay the images of these epochs",
            icon=":material/replay:",
            query_params={"run": wanted.run.id},
        )


def _show(wanted: Wanted, look: dict[str, str], training: bool) -> None:
    run, now = wanted.run, projection_job.read_progress(wanted.run)
    if (now.state if now else None) != st.session_state.get(key(PAGE, "state")) or training != (
        run_state(run) in ACTIVE
    ):
        st.rerun()  # it started or ended: the rest of the page changes too
    codes = epochs.epoch_codes(run)
    if codes is None:
        st.info(_why_none(run), icon=":material/timeline:")
        _train_again(run)
        return
    found = epochs.over_epochs(run, wanted.method, wanted.dims)
    if found is None:
        _offer(run, wanted, len(codes.indices), now)
        found = epochs.over_epochs(run, "pca", wanted.dims)
    if found is not None:
        for line in filter(None, (found.remark, "" if training else _ends_early(run, codes))):
            st.warning(f"{line[0].upper()}{line[1:]}.", icon=":material/warning:")
        _cloud(run, found, look, f"{wanted.file}-epochs")
    if now is not None:
        new_projection.controls(run, now, shown=now.request.over == "epochs")


def _cloud(run: Run, found: EpochProjection, look: dict[str, str], file: str) -> None:
    codes = epochs.epoch_codes(run)
    assert codes is not None
    epoch_cloud(
        epochs_view(run, found),
        drawn.below(run, codes, found),
        classes=image_info(run).classes,
        images=f"{run.experiment().data.source} test",
        look=look,
        file=file,
        start=st.session_state[key(PAGE, "epoch")],
        visit=url_state.visit(PAGE),
        key=CLOUD,
    )


def _offer(run: Run, wanted: Wanted, images: int, now: ProjectionProgress | None) -> None:
    """That there is no such t-SNE yet, or how far it is, and the button that computes it."""
    if now is not None and now.state == "running" and now.request.over == "epochs":
        at = f": {now.done:,} of {count(now.total, 'iteration')}" if now.total else f": {now.stage}"
        st.progress(now.done / now.total if now.total else 0.0, f"{wanted.title} over the epochs{at}. This is the PCA.")
        return
    st.markdown(f"This run has no {wanted.title} over its epochs yet; this is its PCA.")
    if access.owns(run) and now is None:
        request = ProjectionRequest("tsne", wanted.dims, images, min(30, (images - 2) // 3), over="epochs")
        start = partial(new_projection.begin, run, request)
        lasting_button("Compute it", start, icon=":material/play_arrow:", key=key(PAGE, "over-start"))


def _train_again(run: Run) -> None:
    """A link to the run's preset in the form, where it has the preset's own settings."""
    experiment = run.experiment()
    if experiment.preset not in presets() or not access.may("train"):
        return
    if difference(preset(experiment.preset).experiment, experiment).keys() <= {"name", "sweep"}:
        st.page_link(
            "pages/train.py",
            label="Train it again",
            icon=":material/play_arrow:",
            query_params={"preset": experiment.preset},
        )


def _why_none(run: Run) -> str:
    """Why the run has no codes over its epochs, and what to do, in one line."""
    experiment, status = run.experiment(), run.status()
    if status.get("imported"):
        return "This run was trained elsewhere: there are no codes of its epochs, only those of the trained network."
    if (status.get("recorded") or {}).get("source"):
        return "Only the curves of this run were imported: there are no codes of its epochs."
    if code_size(run) > WIDEST_SAVED:
        return f"Codes of more than {WIDEST_SAVED} numbers are not kept over the epochs: there is nothing to play."
    if not experiment.training.keep_codes:
        return "This run was told to keep no codes: train it again with “Codes over the epochs” switched on."
    if run_state(run) in ACTIVE:
        return "The first codes appear with the first saved epoch."
    if unkept := _unkept(run):
        return f"{unkept[0].upper()}{unkept[1:]}."
    if run.shipped:
        return "Runs that ship have no codes of their epochs. Train it again to play them."
    if not run.metrics():
        return "No epoch of this run has ended: there are no codes to play."
    if too_few := _too_few(run):
        return too_few
    return (
        "This run has no codes of its epochs: runs from before they were kept have none, nor have those whose codes "
        "were never finite. Train it again to play them."
    )


def _unkept(run: Run) -> str:
    """The run's remark that its codes could not be kept; empty where it has none."""
    remarks = run.status().get("remarks") or []
    return next((remark["text"] for remark in remarks if remark.get("kind") == "unkept"), "")


def _ends_early(run: Run, kept: EpochCodes) -> str:
    """That the film ends before the training did, by more than the epochs that are left out between two; usually
    empty."""
    last, reached = int(kept.epochs[-1]), int(run.status().get("epoch") or 0)
    if reached - last < max(np.diff(kept.epochs), default=1):
        return ""
    ended = run_state(run) in ("finished", "stopped")  # else it was killed between two saves
    why = "were not finite, or spread too far to be kept" if ended else "had not been saved yet"
    why = _unkept(run) or f"the codes of later ones {why}"
    return f"the film ends at epoch {last} of {reached}: {why}"


def _too_few(run: Run) -> str:
    """That its images are too few, or too large to be kept with their noise; empty where they are not."""
    with contextlib.suppress(AecoreError):
        kept, size = cached_codes.codes(run), code_size(run)
        noisy = input_bytes(run.experiment().corruption, run.image_info().image_shape)
        if kept is None or room(size, len(kept.indices), noisy)[0]:
            return ""
        if not room(size, len(kept.indices))[0]:
            return f"A film needs more than {2 * NEIGHBOURS} test images, and this run has {len(kept.indices)}."
        return "Its noisy images are too large: their codes are not kept over the epochs."
    return ""
