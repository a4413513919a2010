"""The Denoise page's state in its address: run, noise, images and order."""

from __future__ import annotations

import streamlit as st

from aecore.config.corruption import Corruption
from aecore.runs.store import Run
from dashboard import url_state
from dashboard.cache import models
from dashboard.denoise import classical, controls
from dashboard.denoise.batch import TEST_ORDER
from dashboard.url_state import Field, number, one_of
from dashboard.widgets import corruption_form

PAGE = "denoise"


def _methods(text: str) -> list[str]:
    return [name for name in text.split(",") if name in classical.TITLES]


FIELDS = {
    "run": Field(""),
    "noise": Field("", url_state.corruption),
    "draw": Field(0, number(0, 10**6), str),
    "images": Field("test", one_of(*controls.SOURCES)),
    "first": Field(0, number(0, 10**7), str),
    "many": Field(14, lambda text: controls.COUNTS[controls.COUNTS.index(int(text))], str),
    "sort": Field("", one_of(TEST_ORDER, *models.ORDERS)),
    "with": Field([], _methods, ",".join),
    "errors": Field(False, lambda text: text == "1", lambda on: "1" if on else ""),
}
"""`noise` is empty for the run's default one, `sort` for the first order."""


def arrive() -> None:
    """Set the page's widgets from the address if it asks for another view."""
    if not url_state.arrive(PAGE, FIELDS):
        return
    state = st.session_state

    def value(name: str):
        return state[url_state.key(PAGE, name)]

    if value("noise"):
        corruption_form.put(Corruption.parse(value("noise")))
        # Chosen, not the default: it is kept when the run changes.
        state["corruption"], state["corruption-usual"] = value("noise"), ""
    else:
        for name in ("corruption", "corruption-usual", "corruption-run"):
            state.pop(name, None)
    state["noise_seed"], state["source"] = value("draw"), value("images")
    state["first"], state["many"], state["error-map"] = value("first"), value("many"), value("errors")
    state["methods"] = value("with")
    if value("sort"):
        state[f"sort-{value('images')}"] = value("sort")


def keep(run: Run, corruption: Corruption, source: str, order: str, first_order: str) -> None:
    """Write what the page shows into its address."""
    state = st.session_state
    usual = str(corruption) == str(corruption_form.usual_corruption(run))
    url_state.keep(
        PAGE,
        FIELDS,
        noise="" if usual else str(corruption),
        draw=state.get("noise_seed", 0),
        images=source,
        first=state.get("first", 0) if source == "test" else 0,
        many=state.get("many", 14),
        sort="" if order == first_order else order,
        errors=bool(state.get("error-map")),
        **{"with": state.get("methods") or []},
    )
