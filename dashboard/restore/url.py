"""The Restore page's state in its address: run, noise, images and order."""

from __future__ import annotations

import streamlit as st

from aecore.config.corruption import Corruption
from aecore.metrics.baselines import TITLES
from aecore.runs.run import Run
from aecore.viewer.restoration import alone
from dashboard import url_state
from dashboard.cache import models
from dashboard.restore import controls
from dashboard.restore.batch import TEST_ORDER
from dashboard.url_state import Field, number, one_of
from dashboard.widgets import corruption_form

PAGE = "restore"


def _methods(text: str) -> list[str]:
    return [name for name in text.split(",") if name in TITLES]


FIELDS = {
    "run": Field(""),
    "noise": Field("", url_state.corruption),
    "draw": Field(0, number(0, 10**6), str),
    "images": Field("test", one_of(*controls.SOURCES)),
    "first": Field(0, number(0, 10**7), str),
    "many": Field(controls.DEFAULT_COUNT, lambda text: controls.COUNTS[controls.COUNTS.index(int(text))], str),
    "sort": Field("", one_of(TEST_ORDER, *models.ORDERS)),
    "with": Field([], _methods, ",".join),
    "view": Field("", one_of("hand", "sheet", "wipe")),
    "hand": Field(None, browser=True),
    "wipe": Field(None, browser=True),
    "errors": Field(False, lambda text: text == "1", lambda on: "1" if on else ""),
}
"""`noise` is empty for the run's default one, `sort` for the first order, `view` for the first choice."""


def arrive() -> bool:
    """Set the page's widgets from the address if it asks for another view, and return whether it does."""
    if not url_state.arrive(PAGE, FIELDS):
        return False

    def value(name: str):
        return st.session_state[url_state.key(PAGE, name)]

    corruption_form.open_link(Corruption.parse(value("noise")) if value("noise") else None, value("draw"))
    if value("hand") and not value("view"):  # a slider's place, which only that view has
        st.session_state[url_state.key(PAGE, "view")] = "hand"
    linked = controls.Selection(value("images"), value("first"), value("many"), value("with"), value("errors"))
    controls.open_link(linked, value("sort"))
    return True


def opens_by_hand(run: Run) -> bool:
    """Whether that is the first choice for what is asked for: test images in their order, under a corruption of one
    slider, with neither other methods nor error maps."""
    now = controls.selection()
    if now.source != "test" or now.methods or now.errors or controls.is_sorted():
        return False
    return alone(corruption_form.current_corruption(run)) is not None


def keep(run: Run, corruption: Corruption, source: str, order: str, first_order: str) -> None:
    """Write what the page shows into its address."""
    now, usual = controls.selection(), str(corruption) == str(corruption_form.usual_corruption(run))
    view = st.session_state[url_state.key(PAGE, "view")]
    url_state.keep(
        PAGE,
        FIELDS,
        noise="" if usual else str(corruption),
        draw=corruption_form.current_draw(),
        images=source,
        first=now.first if source == "test" else 0,
        many=now.many,
        sort="" if order == first_order else order,
        errors=now.errors,
        view="" if view == "hand" and opens_by_hand(run) else view,
        **{"with": now.methods},
    )
