"""The page's other mode: one image, moved along a direction of the latent space."""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore.drawing import Drawing, Sheet, SheetRow, write
from aecore.errors import UserError
from aecore.latent.codes import Codes
from aecore.metrics.strokes import QUANTITIES
from aecore.runs.run import Run
from aecore.viewer.networks import Shipped
from dashboard import url_state
from dashboard.cache import codes as cached_codes
from dashboard.cache import models
from dashboard.cache.images import image_info
from dashboard.components.interpolator import walk
from dashboard.format import plain
from dashboard.interpolate import directions
from dashboard.interpolate.check import checked, moved
from dashboard.interpolate.directions import Direction, class_name
from dashboard.interpolate.url import KINDS, PAGE
from dashboard.url_state import key
from dashboard.widgets import figure_export, image_picker, upload
from dashboard.widgets.image_files import as_bytes, remarks_of, title_of

FIRST_CLASSES = (3, 8)
SOURCES = {"test": "Test image", "own": "Your image"}


def view(run: Run, gallery: image_picker.Gallery, shipped: Shipped) -> None:
    """The direction's settings, the image, and the slider between them."""
    codes = cached_codes.codes(run)
    if codes is None or codes.codes is None or not len(codes.indices):
        st.info("This run keeps no codes of test images, so there is no direction to measure.", icon=":material/block:")
        return
    found = _choose(run, codes)
    chosen = _image(run, gallery)
    if found is None or chosen is None:
        return
    image, name, label = chosen
    if shipped["encoder"] is None or shipped["decoder"] is None:
        st.caption("This network cannot run in the browser; the server computed these images.")
        st.image(write(strip(run, found, image, name, label), "png"))
    else:
        at = st.session_state.get(key(PAGE, "at"))
        walk(
            shipped,
            image,
            [name],
            gallery.classes,
            labels=[label],
            shares=np.linspace(0, 1, len(found.amounts())).tolist(),
            direction=found,
            place=at[:1] if at else None,
            visit=url_state.visit(PAGE),
            key="walk",
        )
    st.caption(plain(f"{found.made}. {found.length[0].upper()}{found.length[1:]}."))
    title = found.title.replace(" → ", "-to-").replace(" ", "-")
    figure_export.export(lambda: strip(run, found, image, name, label), f"{run.id}-{title}", key=PAGE)


def _choose(run: Run, codes: Codes) -> Direction | None:
    """Widgets for the direction; None, with one line, where there is none."""
    state, field = st.session_state, key(PAGE, "along")
    possible = directions.quantities(run, codes)
    with st.container(horizontal=True, vertical_alignment="bottom", key="interpolate-direction"):
        kinds = [kind for kind in KINDS if kind in possible or kind not in QUANTITIES or kind == state[field]]
        kind = st.segmented_control("Direction", kinds, format_func=KINDS.__getitem__, key=field, required=True)
        labels = sorted(set(codes.labels.tolist()))
        if kind == "classes" and len(labels) > 1:
            for name, title, usual in zip(("from", "to"), ("From class", "To class"), FIRST_CLASSES, strict=True):
                _choose_class(run, labels, name, title, usual)
        if kind == "points":
            query = {"run": run.id}
            st.page_link("pages/latent.py", label="Select points", icon=":material/lasso_select:", query_params=query)
    try:
        if kind == "classes":
            if len(labels) < 2:
                raise UserError("the test images of this run have a single class: choose another kind of direction")
            return directions.of_classes(run, codes, state[key(PAGE, "from")], state[key(PAGE, "to")])
        if kind == "points":
            start, end = state[key(PAGE, "start")], state[key(PAGE, "end")]
            if not start and not end:
                st.info(
                    "Select points in Latent space with the box or the lasso and keep them as the start of a "
                    "direction; then select others, and follow the link there.",
                    icon=":material/lasso_select:",
                )
                return None
            return directions.of_points(run, codes, start, end)
        if kind not in possible:
            raise UserError(f"{kind} is measured only in images of bright strokes on black, such as digits")
        return directions.of_quantity(run, codes, kind)
    except UserError as error:
        text = str(error)
        st.warning(plain(f"{text[0].upper()}{text[1:]}."), icon=":material/block:")
        return None


def _choose_class(run: Run, labels: list[int], name: str, title: str, usual: int) -> None:
    """A class of those that have codes; another that the address names stays, for the line that says so."""
    state, field = st.session_state, key(PAGE, name)
    if state.get(field, -1) < 0:
        state[field] = usual if usual in labels else labels[0 if name == "from" else -1]
    choices = labels if state[field] in labels else [*labels, state[field]]
    st.selectbox(title, choices, format_func=lambda label: class_name(run, label), key=field, width=130)


def _image(run: Run, gallery: image_picker.Gallery) -> tuple[np.ndarray, str, int] | None:
    """Widgets for the image to move: float32 (1, C, H, W) on the [0, 1] scale, its name, and its class, -1 for none."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="interpolate-image"):
        source = st.segmented_control(
            "Image", list(SOURCES), format_func=SOURCES.__getitem__, default="test", key=f"{PAGE}-source", required=True
        )
        if source == "own":
            dark = upload.on_black(gallery.images(range(min(len(gallery.numbers), 50))))
            own = upload.choose_own(image_info(run).image_shape, dark)
            return None if own is None else (own.fitted.image[None].astype(np.float32) / np.float32(255), own.name, -1)
        row = image_picker.choose_one(PAGE, gallery, "a", "Test image")
    found = image_picker.shown(PAGE, run, gallery, [row])
    return found.shown, found.names[0], int(found.labels[0])


def strip(run: Run, direction: Direction, image: np.ndarray, name: str, label: int) -> Drawing:
    """The image, float32 (1, C, H, W), and what is decoded along the direction, with what that changed in others."""
    amounts = direction.amounts()
    code = models.codes_of_images(run, image, np.array([label]))
    codes = np.concatenate([moved(direction, code, amount) for amount in amounts])
    frames = models.decoded(run, codes, np.full(len(codes), label))
    return Sheet(
        [SheetRow("decoded from the code", as_bytes(np.concatenate([image, frames])))],
        [f"image\n{name.replace('test image ', '#')}", *map(direction.written, amounts.tolist())],
        f"{title_of(run)}: along {direction.title}",
        [
            f"{direction.made}; {direction.length}.",
            checked(run, direction),
            *remarks_of(run),
            image_info(run).citation,
        ],
        per_block=len(amounts) + 1,
    ).drawing()
