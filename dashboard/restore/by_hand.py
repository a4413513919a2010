"""The Restore page's first view: the strength of a corruption follows the hand, and all is computed in the browser."""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore.runs.run import Run
from aecore.runs.summary import may_win
from aecore.viewer.restoration import restoration_data
from dashboard import url_state
from dashboard.cache import networks
from dashboard.cache.images import Images, image_info
from dashboard.cache.measures import robustness
from dashboard.components.networks import ship_run
from dashboard.components.restorer import restorer
from dashboard.measure import job
from dashboard.restore import url
from dashboard.restore.batch import titles
from dashboard.restore.notes import offer_data, whole_test_set_text
from dashboard.url_state import key
from dashboard.widgets import corruption_form

ELSEWHERE = (
    "For the noise that evaluations have, methods without a network, other losses, sorting and your own image, choose "
    "Sheet."
)


def possible(run: Run) -> bool:
    """Whether the run's networks run in the browser."""
    return networks.payload(run, "encoder") is not None and networks.payload(run, "decoder") is not None


def draw(run: Run, images: Images, window: slice) -> None:
    """The window's images with their slider."""
    about, asked = image_info(run), corruption_form.current_corruption(run)
    clean = np.asarray(images.clean[window])
    numbers, labels = np.asarray(images.numbers[window]), np.asarray(images.labels[window])
    if not images.whole_test_set:
        offer_data(about)
    strengths = robustness(run)
    data = restoration_data(
        ship_run(run, None),
        run,
        clean,
        numbers.tolist(),
        titles(numbers, labels, about),
        labels.tolist(),
        asked=asked,
        may_win=may_win(run.status()),
        strengths=strengths,
        elsewhere=ELSEWHERE,
        place=st.session_state[key(url.PAGE, "hand")],
        visit=url_state.visit(url.PAGE),
    )
    restorer(data, key="restore-hand")
    if text := whole_test_set_text(run, asked):
        st.caption(f"Under {asked.label}. {text}" if asked.active else text)
    if (strengths is None or not strengths.beside) and not job.status(run):
        job.strengths_button(run, again=strengths is not None)
