"""The Restore page's first view: the strength of a corruption follows the hand, and all is computed in the browser."""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore.config.corruption import Corruption
from aecore.runs.run import Run
from aecore.runs.summary import may_win
from dashboard import url_state
from dashboard.cache import networks
from dashboard.cache.images import Images, image_info
from dashboard.cache.measures import robustness
from dashboard.components.networks import ship_run
from dashboard.components.restorer import ERROR_SCALE, Kind, restorer
from dashboard.measure import job
from dashboard.restore import controls, url
from dashboard.restore.batch import titles
from dashboard.restore.notes import offer_data, whole_test_set_text
from dashboard.url_state import key
from dashboard.widgets import corruption_form

WIDEST = 0.6
"""The strongest Gaussian noise of the slider, of the width of the images' range, where a run's own is not stronger."""


def possible(run: Run) -> bool:
    """Whether the run's networks run in the browser."""
    return networks.payload(run, "encoder") is not None and networks.payload(run, "decoder") is not None


def kinds(run: Run, corruption: Corruption) -> dict[str, Kind]:
    """The corruptions that the browser draws, by name. Where one of them is alone in `corruption`, it begins with that
    strength."""
    model, (_, height, width) = run.experiment().model, run.image_info().image_shape
    low, high = model.value_range
    side = min(height, width)
    asked = _alone(corruption)
    usual = {"gaussian": 0.2 * (high - low), "speckle": 0.4, "masking": 0.3, "salt-pepper": 0.2}
    usual |= {"square": side // 4, "rows": side // 5} | ({asked[0]: asked[1]} if asked else {})
    strongest = max(WIDEST * (high - low), 1.5 * usual["gaussian"])
    return {
        kind.kind: kind
        for kind in (
            Kind("gaussian", "Gaussian noise", "Standard deviation σ", 0, round(strongest, 2), 0.01, usual["gaussian"]),
            Kind(
                "speckle",
                "Speckle noise",
                "Standard deviation σ at white",
                0,
                max(1, usual["speckle"]),
                0.01,
                usual["speckle"],
            ),
            Kind("salt-pepper", "Salt and pepper", "Share of pixels", 0, 0.95, 0.01, usual["salt-pepper"]),
            Kind("masking", "Masking noise", "Share of pixels", 0, 0.95, 0.01, usual["masking"]),
            Kind("square", "A square", "Side in pixels", 0, max(side - 1, usual["square"]), 1, usual["square"]),
            Kind("rows", "A band of rows", "Height in pixels", 0, max(height - 1, usual["rows"]), 1, usual["rows"]),
        )
    }


def _alone(corruption: Corruption) -> tuple[str, float] | None:
    """Kind and strength of a corruption that one slider describes."""
    if corruption.grey or corruption.blur or corruption.downscale or corruption.jpeg or corruption.lowest is not None:
        return None
    if corruption.occlusion != "none":
        return (corruption.occlusion, corruption.size) if corruption.kind == "none" else None
    if corruption.std:
        return "gaussian", round(corruption.std, 3)
    return (corruption.kind, corruption.level) if corruption.kind in ("speckle", "masking", "salt-pepper") else None


def draw(run: Run, images: Images, window: slice) -> None:
    """The window's images with their slider."""
    experiment, about = run.experiment(), image_info(run)
    asked = corruption_form.current_corruption(run)
    found = kinds(run, asked)
    trained = _alone(experiment.corruption) if experiment.corruption.active else None
    clean = np.asarray(images.clean[window])
    numbers, labels = np.asarray(images.numbers[window]), np.asarray(images.labels[window])
    if not images.whole_test_set:
        offer_data(about)
    first = _alone(asked)
    low, high = experiment.model.value_range
    strengths = robustness(run)
    restorer(
        ship_run(run, None),
        clean,
        numbers.tolist(),
        titles(numbers, labels, about),
        labels.tolist(),
        list(found.values()),
        first=first[0] if first else "gaussian",
        trained=trained,
        trained_words=_trained(experiment.corruption),
        span=high - low,
        clamp=asked.clamp,
        may_win=may_win(run.status()),
        strengths=strengths if strengths and strengths.about.get("clamp", False) == asked.clamp else None,
        note=_note(high - low),
        place=st.session_state[key(url.PAGE, "hand")],
        visit=url_state.visit(url.PAGE),
        key="restore-hand",
    )
    if text := whole_test_set_text(run, asked):
        st.caption(f"Under {asked.label}. {text}" if asked.active else text)
    if (strengths is None or not strengths.beside) and not job.status(run):
        job.strengths_button(run, again=strengths is not None)


def fits(run: Run) -> bool:
    """Whether what a link asks for can be shown so: test images in their order, under a corruption of one slider, with
    neither other methods nor error maps."""
    now = controls.selection()
    if now.source != "test" or now.methods or now.errors or controls.is_sorted():
        return False
    return _alone(corruption_form.current_corruption(run)) is not None


def _trained(corruption: Corruption) -> str:
    return f"trained with {corruption.label}" if corruption.active else "trained on clean images"


def _note(span: float) -> str:
    scale = "" if span == 1 else f" σ is in the model's range, which is {span:g} wide."
    return (
        "Noise, network and scores are computed in your browser, over these images alone; the same random numbers are "
        f"scaled, so that one sees this noise grow.{scale} Errors are at full intensity from {ERROR_SCALE:g} on. For "
        "the noise that evaluations have, methods without a network, other losses, sorting and your own image, choose "
        "Sheet."
    )
