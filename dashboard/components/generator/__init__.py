"""Editing a code: a slider per unit, random codes, traversals of every unit; all decoded in the browser."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from aecore.viewer.generation import Places, Told, generation_data
from aecore.viewer.networks import Shipped
from aecore.viewer.units import Unit
from dashboard.components.register import shared_component
from dashboard.generate.filters import Filters, caption

_component = shared_component("generate", "generator")


def generate(
    shipped: Shipped,
    image: np.ndarray,
    units: Sequence[Unit],
    *,
    view: str,
    classes: Sequence[str],
    map_shape: Sequence[int] | None,
    vectors: np.ndarray,
    vector: Sequence[float] | None,
    inks: Sequence[Sequence[float]],
    visit: int,
    on_pick: Callable[[str], None],
    on_ask: Callable[[int], None],
    on_open: Callable[[], None],
    told: Told | None = None,
    places: Places | None = None,
    filters: Filters | None = None,
    key: str,
) -> str | None:
    """Show `view` (one of `dashboard.generate.url.VIEWS`) of codes, starting with that of `image`, uint8 (C, H, W).

    `map_shape` (C, H, W) turns units into gains of channels; `vectors` (N, n) are the random codes; `inks` are the
    pen colours, in [0, 1]. The sliders start at `vector`, by default that of the image, and return there whenever
    `visit` changes; the browser writes their vector into the address. Returns it as text as far as the traversal needs
    it, empty for that of the image, None before that; `on_pick` is called with the vector of an image that was clicked
    or drawn, `on_ask` with the class that was clicked of a network that is `told` them. A quantised code has `places`.
    The `filters` are those of their view; `on_open` is called when one was clicked, whose slider is then looked for.
    """
    data = generation_data(
        shipped,
        image,
        units,
        view=view,
        classes=classes,
        map_shape=map_shape,
        vectors=vectors,
        inks=inks,
        vector=vector,
        visit=visit,
        told=told,
        places=places,
        filters=None if filters is None else _filters(filters),
    )

    def picked() -> None:
        on_pick(str(st.session_state[key]["picked"]))

    def asked() -> None:
        on_ask(int(st.session_state[key]["asked"]))

    result = _component(
        key=key,
        data=data,
        default={"vector": None},
        on_vector_change=lambda: None,
        on_picked_change=picked,
        on_asked_change=asked,
        on_opened_change=on_open,
        width="stretch",
        height="content",
    )
    return result.vector  # type: ignore[no-any-return]


def _filters(filters: Filters) -> dict[str, Any]:
    """The pictures in the order in which they are shown, as shares of their scale."""
    shades = np.moveaxis(filters.shades[filters.order], 1, -1)
    return {
        "order": filters.order,
        "captions": [caption(filters, unit) for unit in filters.order],
        "shades": base64.b64encode(np.ascontiguousarray(shades).tobytes()).decode(),
    }
