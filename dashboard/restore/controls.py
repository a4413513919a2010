"""The Restore page's controls: which images, in which order, against which methods, with error maps or without."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from aecore.config.corruption import Corruption
from aecore.metrics.baselines import DENOISERS, TITLES, input_name, methods_for
from aecore.runs.run import Run
from dashboard.cache import models
from dashboard.cache.images import ImageInfo, Images
from dashboard.restore import classical
from dashboard.restore import sheet as image_sheet
from dashboard.restore.batch import TEST_ORDER, Shown

SOURCES = {"test": "Test set", "extremes": "Best and worst", "own": "Your image"}
MOST_SEARCHED = 10_000
"""In a larger test set the best and worst are not looked for."""
COUNTS = [7, 14, 28, 63]
DEFAULT_COUNT = 14


class Selection(NamedTuple):
    """What the controls are set to."""

    source: str
    first: int
    many: int
    methods: list[str]
    errors: bool


def selection() -> Selection:
    """What the controls are set to; before they are drawn, their initial values."""
    state = st.session_state
    return Selection(
        state.get("source", "test"),
        state.get("first", 0),
        state.get("many", DEFAULT_COUNT),
        state.get("methods") or [],
        bool(state.get("error-map")),
    )


def open_link(linked: Selection, order: str) -> None:
    """Set the controls as a link asks; an empty `order` is the source's first one."""
    state = st.session_state
    state["source"], state["first"], state["many"], state["methods"], state["error-map"] = linked
    if order:
        state[_sort_key(linked.source)] = order


def is_sorted() -> bool:
    """Whether the test images are in another order than their own."""
    return st.session_state.get(_sort_key("test"), TEST_ORDER) != TEST_ORDER


def _sort_key(source: str) -> str:
    return f"sort-{source}"


def choose_source(images: Images) -> str:
    """Where the images come from, a key of `SOURCES`."""
    names = SOURCES if images.whole_test_set else {"test": "The run's own", "own": SOURCES["own"]}
    if len(images.clean) > MOST_SEARCHED:
        names = {key: name for key, name in names.items() if key != "extremes"}
    if st.session_state.get("source") not in names:
        st.session_state["source"] = "test"
    chosen = st.segmented_control("Images", list(names), format_func=names.__getitem__, key="source", required=True)
    return chosen or "test"


def choose_window(images: Images, on_step: Callable[[], None] = lambda: None) -> slice:
    """A window of the test set, or the first images of the panel. `on_step` is called where it begins elsewhere."""
    total, many = len(images.clean), choose_count()
    if images.whole_test_set:
        st.session_state["first"] = min(st.session_state.get("first", 0), total - 1)
        st.number_input("From test image", 0, total - 1, step=many, key="first", on_change=on_step)
    return window(images)


def window(images: Images) -> slice:
    """The window as it was last chosen."""
    now, total = selection(), len(images.clean)
    first = now.first if images.whole_test_set else 0
    return slice(first, min(first + now.many, total))


def choose_count() -> int:
    """The number of images to show."""
    st.session_state.setdefault("many", DEFAULT_COUNT)
    return st.segmented_control("How many", COUNTS, key="many", required=True) or DEFAULT_COUNT


def choose_methods(run: Run, corruption: Corruption) -> list[str]:
    """Methods without a network to compare the model with, those that are for the corruption."""
    fitting = methods_for(corruption, run.image_info().image_shape[0])
    names = classical.available(run, corruption)
    hint = "; ".join(dict.fromkeys(classical.ABOUT[name] for name in names))
    hint = f"{hint[:1].upper()}{hint[1:]}."
    if not corruption.active:
        hint = "There is nothing to restore: choose what is lost."
    elif not fitting:
        st.caption(_why_none(corruption))
        return []
    elif not names:
        tuned = any(name in DENOISERS for name in fitting)
        hint = "Their strengths are tuned on validation images" if tuned else "It needs the training images"
        hint += ", which are not on this machine."
    chosen = st.pills(
        "Compare with",
        names or fitting or list(DENOISERS),
        selection_mode="multi",
        format_func=TITLES.__getitem__,
        key="methods" if names else "methods-off",
        help=hint,
        disabled=not names,
        wrap=True,
        persist_state="session" if names else None,
    )
    if corruption.active and not names:
        st.caption(hint)
    return [name for name in names if name in chosen]


def _why_none(corruption: Corruption) -> str:
    if corruption.downscale and not corruption.blur:
        return "The baseline is bicubic interpolation, and that is the corrupted input itself."
    return f"No method without a network is for this: compare with the {input_name(corruption)}."


def choose_order(source: str, corruption: Corruption) -> str:
    """How the images are sorted: a key of `inference.ORDERS`, or `TEST_ORDER`."""
    orders = models.ORDERS if source == "extremes" else {TEST_ORDER: "Test order", **models.ORDERS}
    if not corruption.active:
        orders = {key: name for key, name in orders.items() if key not in ("gain", "loss")}
    key = _sort_key(source)
    if st.session_state.get(key) not in orders:
        st.session_state[key] = next(iter(orders))
    return st.selectbox(
        "Sort", list(orders), format_func=orders.__getitem__, key=key, width=240, label_visibility="collapsed"
    )


def choose_error_scale(about: ImageInfo, shown: Shown) -> float | None:
    """Whether to show error maps, and on which scale; the scale is fitted once and then kept."""
    if not st.toggle("Error map", key="error-map", persist_state="session"):
        return None
    key = f"error-scale-{about.name}"
    if key not in st.session_state:
        st.session_state[key] = image_sheet.fitting_scale(shown.clean, shown.result.output)
    scale = st.segmented_control(
        "Error shown at full intensity",
        image_sheet.SCALES,
        format_func="{:g}".format,
        key=key,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    if scale is not None:
        image_sheet.legend(scale, about.image_shape[0])
    return scale
