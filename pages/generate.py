"""Generate: a slider for every code unit, random codes, and a traversal of every unit."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aecore.data.colored_mnist import PALETTE
from aecore.latent.codes import Codes
from aecore.models.architecture import plan
from aecore.runs.run import Run
from aecore.viewer.networks import Shipped
from aecore.viewer.units import gains_of
from dashboard import page, url_state
from dashboard.cache import codes as cached_codes
from dashboard.cache.images import image_info
from dashboard.components.generator import generate
from dashboard.components.networks import ship_run
from dashboard.generate.controls import ask, choose_class, choose_draw, open_unit, pick, start_over
from dashboard.generate.draws import drawn, places_of
from dashboard.generate.filters import filters_of, has_filters, words
from dashboard.generate.notes import downloads, notes
from dashboard.generate.url import FIELDS, PAGE, VIEWS, vector
from dashboard.navigation import route
from dashboard.url_state import key
from dashboard.widgets import image_picker, run_picker

route()


def view() -> None:
    url_state.arrive(PAGE, FIELDS)
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    with bar:
        run = run_picker.choose(PAGE, width=250, on_change=start_over, code="generating images needs")
    if run is not None:
        codes = cached_codes.codes(run)
        page.part(codes_and_images, [run], PAGE, FIELDS)(run, bar, codes, ship_run(run, codes))


def codes_and_images(run: Run, bar: DeltaGenerator, codes: Codes | None, shipped: Shipped) -> None:
    """What is chosen beside the run, in the `bar`, and what is made of it."""
    state = st.session_state
    with bar:
        images = image_picker.gallery(run)
        if images is None:
            st.info(
                "This run has no stored images, and its image set is not here.", icon=":material/image_not_supported:"
            )
            return
        row = image_picker.choose_one(PAGE, images, "a", "Start from test image", on_change=start_over)
        told = choose_class(run, images.classes, int(images.labels[row]))
    about = image_info(run)
    kept = codes.codes if codes is not None else None
    wide, model = kept is None, run.experiment().model
    solved = plan(model, about.image_shape)
    left_out = {"random", "draw"} if wide else set()
    left_out |= set() if kept is not None and has_filters(model, solved) else {"filters"}
    left_out |= {"traversal"} if model.quantised else set()  # between two vectors there is none
    shown = {name: title for name, title in VIEWS.items() if name not in left_out}
    if state[key(PAGE, "view")] not in shown:
        state[key(PAGE, "view")] = "units"
    if wide or model.quantised:
        shown["units"] = "Channels" if wide else "Code"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Show", list(shown), format_func=shown.__getitem__, key=key(PAGE, "view"), required=True
        )
        if chosen == "random":
            choose_draw(run, kept.shape[1] if kept is not None else 0)
    if shipped["encoder"] is None or shipped["decoder"] is None:
        st.info(
            "This network cannot run in the browser, which sliders need. Interpolate and Restore ask the server.",
            icon=":material/memory:",
        )
        return
    image, size = images.images([row])[0], solved.code_size
    map_shape = solved.map_shape if wide else None
    if wide and map_shape is None:
        st.info(f"A code of {size:,} numbers has too many units for sliders.", icon=":material/tune:")
        return
    units = gains_of(map_shape[0]) if map_shape else cached_codes.units(run, model.variational, kept)  # type: ignore[arg-type]
    vectors = np.zeros((0, size), np.float32)
    if chosen == "random" and kept is not None:
        vectors = drawn(run, kept)
    pictures = filters_of(run, solved, kept, units) if chosen == "filters" and kept is not None else None
    if pictures:
        st.caption(words(pictures))
    opened = state[key(PAGE, "code")]
    position = generate(
        shipped,
        image,
        units,
        view=chosen or "units",
        classes=about.classes,
        map_shape=map_shape,
        vectors=vectors,
        vector=opened,
        inks=PALETTE.tolist() if about.image_shape[0] == 3 else [[1.0]],
        visit=url_state.visit(PAGE),
        on_pick=pick,
        on_ask=ask,
        on_open=open_unit,
        filters=pictures,
        told=told,
        places=places_of(run) if model.quantised and not wide else None,
        key="maker",
    )
    remember(position)
    if map_shape is None:
        downloads(run, chosen or "units", vectors, image, opened, units, told, pictures)
    st.caption(notes(chosen or "units", images, map_shape, quantised=model.quantised, told=told is not None))
    url_state.keep(PAGE, FIELDS)


def remember(position: str | None) -> None:
    """Keep the sliders' vector, from which the traversal starts."""
    state, before = st.session_state, st.session_state.get(key(PAGE, "told-code"), (None, None))
    now = (url_state.visit(PAGE), position)
    if before[0] == now[0] and position != before[1] and position is not None:
        state[key(PAGE, "code")] = vector(position) if position else None
    state[key(PAGE, "told-code")] = now


page.heading("Generate")


page.draw(view)
