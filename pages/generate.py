"""Generate: a slider for every code unit, random codes, and a traversal of every unit."""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore.data.colored_mnist import PALETTE
from aecore.latent.interpolation import DISTRIBUTIONS, random_codes
from aecore.models.architecture import plan
from aecore.runs.store import Run
from dashboard import page, url_state
from dashboard.cache import codes as cached_codes
from dashboard.cache import models
from dashboard.cache.images import image_info
from dashboard.components.generator import generate
from dashboard.components.networks import ship_run
from dashboard.generate import export
from dashboard.generate.units import Unit, gains_of, units_of
from dashboard.navigation import route
from dashboard.url_state import Field, key, number, one_of
from dashboard.widgets import image_picker, run_picker

route()

PAGE = "generate"
VIEWS = {"units": "Units", "random": "Random codes", "traversal": "Traversal", "draw": "Draw"}
WORDS = {"fitted": "Range of the real codes", "normal": "Normal, N(0, 1)", "uniform": "Uniform, 0 to 1"}
PRIOR = "Prior, N(0, 1)"
MOST_UNITS = 256


def vector(text: str) -> tuple[float, ...]:
    """A code from text. Raises `ValueError` for anything but a list of finite numbers."""
    values = tuple(float(part) for part in text.split(","))
    if len(values) > MOST_UNITS or not np.isfinite(values).all() or np.abs(values).max() > 1e6:
        raise ValueError(text)
    return values


FIELDS = {
    "run": Field(""),
    "view": Field("units", one_of(*VIEWS)),
    "a": Field(-1, number(0, 10**7), str),
    "draw": Field("", one_of(*DISTRIBUTIONS)),
    "seed": Field(0, number(0, 10**6), str),
    "n": Field(30, number(5, 120), str),
    "code": Field(None, vector, lambda value: ",".join(f"{v:.4g}" for v in value) if value else ""),
}


def start_over() -> None:
    """Another image or run: reset the sliders to its own code."""
    st.session_state[key(PAGE, "code")] = None
    st.session_state[key(PAGE, "visit")] = url_state.visit(PAGE) + 1


def pick(text: str) -> None:
    """An image of a sheet was clicked: load its code into the sliders."""
    st.session_state[key(PAGE, "code")] = vector(text)
    st.session_state[key(PAGE, "view")] = "units"
    st.session_state[key(PAGE, "visit")] = url_state.visit(PAGE) + 1


def choose_draw(run: Run) -> None:
    """The distribution of random codes, their number, and a button to resample."""
    state, field = st.session_state, key(PAGE, "draw")
    gaussian = run.experiment().model.bottleneck.kind == "gaussian"
    if state[field] not in DISTRIBUTIONS:
        state[field] = "normal" if gaussian else "fitted"
    words = WORDS | ({"normal": PRIOR} if gaussian else {})

    def again() -> None:
        state[key(PAGE, "seed")] += 1

    st.selectbox("Distribution", list(WORDS), format_func=words.__getitem__, key=field, width=230)
    st.number_input("How many", 5, 120, step=5, key=key(PAGE, "n"), width=130)
    st.button("Resample", icon=":material/casino:", on_click=again)


def view() -> None:
    if url_state.arrive(PAGE, FIELDS):
        st.session_state.pop(key(PAGE, "told-code"), None)
    state = st.session_state
    with st.container(horizontal=True, vertical_alignment="bottom"):
        run = run_picker.choose(PAGE, width=250, on_change=start_over)
        if run is None:
            return
        images = image_picker.gallery(run)
        if images is None:
            st.info(
                "This run has no stored images, and its image set is not here.", icon=":material/image_not_supported:"
            )
            return
        row = image_picker.choose_one(PAGE, images, "a", "Start from test image", on_change=start_over)
    about, codes = image_info(run), cached_codes.codes(run)
    kept = codes.codes if codes is not None else None
    wide = kept is None
    shown = {name: words for name, words in VIEWS.items() if not (wide and name in ("random", "draw"))}
    if state[key(PAGE, "view")] not in shown:
        state[key(PAGE, "view")] = "units"
    if wide:
        shown["units"] = "Channels"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Show", list(shown), format_func=shown.__getitem__, key=key(PAGE, "view"), required=True
        )
        if chosen == "random":
            choose_draw(run)
    shipped = ship_run(run, codes)
    if shipped["encoder"] is None or shipped["decoder"] is None:
        st.info("This network is too large to run in the browser.", icon=":material/memory:")
        return
    image, size = images.images([row])[0], plan(run.experiment().model, about.image_shape).code_size
    gaussian = run.experiment().model.bottleneck.kind == "gaussian"
    map_shape = plan(run.experiment().model, about.image_shape).map_shape if wide else None
    if wide and map_shape is None:
        st.info(f"A code of {size:,} numbers has too many units for sliders.", icon=":material/tune:")
        return
    units = gains_of(map_shape[0]) if map_shape else units_of(kept, gaussian)  # type: ignore[arg-type]
    vectors = np.zeros((0, size), np.float32)
    if chosen == "random" and kept is not None:
        vectors = random_codes(kept, state[key(PAGE, "n")], state[key(PAGE, "draw")], state[key(PAGE, "seed")])
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
        key="maker",
    )
    remember(position)
    if map_shape is None:
        downloads(run, chosen or "units", vectors, image, opened, units)
    st.caption(notes(chosen or "units", images, map_shape))
    url_state.keep(PAGE, FIELDS)


def remember(position: str | None) -> None:
    """Keep the sliders' position for the address."""
    state, before = st.session_state, st.session_state.get(key(PAGE, "told-code"), (None, None))
    now = (url_state.visit(PAGE), position)
    if before[0] == now[0] and position != before[1] and position is not None:
        state[key(PAGE, "code")] = vector(position) if position else None
    state[key(PAGE, "told-code")] = now


def notes(view: str, images: image_picker.Gallery, map_shape: tuple[int, int, int] | None) -> str:
    words = {
        "units": "Grey bars: histogram of the real codes. Double-click a slider to reset it.",
        "random": "Above each image is the code it was decoded from. Click an image to load its code into the sliders.",
        "traversal": "One row per unit, largest variance first: the start image's code with only this unit changed, "
        "from the lowest to the highest value among the real codes.",
        "draw": "Encoded, decoded and classified after every stroke.",
    }[view]
    if map_shape:
        channels, height, width = map_shape
        words = f"The code is a map of {channels} channels, {height}×{width}: each slider scales a whole channel."
    return f"{words} Everything runs in your browser. {images.note}"


def downloads(
    run: Run, chosen: str, vectors: np.ndarray, image: np.ndarray, code: tuple[float, ...] | None, units: list[Unit]
) -> None:
    """Download buttons for what is on the page; the files are made on request."""

    def swept() -> bytes:
        base = models.codes_of_images(run, image[None] / np.float32(255))[0] if code is None else np.array(code)
        return export.traversal_png(run, base, units)

    if chosen == "random":
        st.download_button(
            "PNG", lambda: export.random_png(run, vectors), f"{run.id}-random.png", icon=":material/download:"
        )
    elif chosen == "traversal":
        st.download_button("PNG", swept, f"{run.id}-traversal.png", icon=":material/download:")


st.title("Generate", anchor=False)
page.draw(view)
