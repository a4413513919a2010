"""Classical denoisers to compare with, the order of the images and the error map."""

from __future__ import annotations

import streamlit as st

from aecore.config.corruption import Corruption
from aecore.runs.store import Run
from dashboard.cache import models
from dashboard.cache.images import ImageInfo
from dashboard.denoise import classical
from dashboard.denoise import sheet as image_sheet
from dashboard.denoise.batch import TEST_ORDER, Shown


def choose_methods(run: Run, corruption: Corruption) -> list[str]:
    """Classical denoisers to compare the model with."""
    names = classical.available(run, corruption) if corruption.active else []
    hint = "scikit-image's denoisers, each at its best strength on validation images with this corruption."
    if not names:
        hint = "Their strengths are tuned on validation images, which are not on this machine."
    if not corruption.active:
        hint = "There is nothing to remove: choose noise or an occlusion."
    chosen = st.pills(
        "Compare with",
        names or list(classical.TITLES),
        selection_mode="multi",
        format_func=classical.TITLES.__getitem__,
        key="methods" if names else "methods-off",
        help=hint,
        disabled=not names,
        wrap=True,
        persist_state="session" if names else None,
    )
    if corruption.active and not names:
        st.caption(hint)
    return [name for name in names if name in chosen]


def choose_order(source: str, corruption: Corruption) -> str:
    """How the images are sorted: a key of `inference.ORDERS`, or `TEST_ORDER`."""
    orders = models.ORDERS if source == "extremes" else {TEST_ORDER: "Test order", **models.ORDERS}
    if not corruption.active:
        orders = {key: name for key, name in orders.items() if key not in ("gain", "loss")}
    key = f"sort-{source}"
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
