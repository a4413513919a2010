"""Denoise: clean, noisy and reconstructed images of a trained model next to classical denoisers, with their scores."""

import numpy as np
import streamlit as st

from aecore import data, demo
from aecore.config.corruption import Corruption
from aecore.data.catalogue import CATALOGUE
from aecore.errors import AecoreError
from aecore.format import count
from aecore.runs.store import Run
from dashboard import page
from dashboard.cache import models
from dashboard.cache.images import ImageInfo, image_info, test_images
from dashboard.denoise import classical, controls, url
from dashboard.denoise import rows as comparison
from dashboard.denoise import sheet as image_sheet
from dashboard.denoise.batch import TEST_ORDER, Shown, from_extremes, from_own, from_test_set
from dashboard.denoise.rows import Row
from dashboard.navigation import route
from dashboard.widgets import corruption_form, run_picker, upload

route()


def offer_data(about: ImageInfo) -> None:
    """Without the image set, the run's own panel is shown; a button downloads the rest."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{about.title} is not on this machine; these images are stored with the run.")
        if about.name not in CATALOGUE or demo.mode():
            return
        size = CATALOGUE[about.name].download_bytes
        if st.button(f"Download {about.title} ({size / 1e6:.0f} MB)", icon=":material/download:", key="get-data"):
            bar = st.progress(0.0, f"Downloading {about.title}…")

            def show(what: str, done: int, total: int) -> None:
                bar.progress(done / total if total else 0.0, f"Downloading {what}")

            try:
                data.prepare(about.name, show)
            except AecoreError as error:
                st.error(str(error))
                return
            st.rerun()


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


def explain_own(about: ImageInfo, own: upload.Own) -> None:
    channels, height, width = about.image_shape
    done = ["cropped to its centre", f"resized to {width}×{height}"]
    done += ["converted to greyscale"] * (channels == 1) + ["inverted"] * own.inverted
    st.caption(
        f"Your image: {', '.join(done)}. The model was trained on {about.title} and reconstructs any image with "
        "what it learnt there."
    )
    if own.fitted.flat:
        st.warning(
            "With its transparent parts filled with black, this image is a single colour.", icon=":material/contrast:"
        )


def warn_of_harm(rows: list[Row], shown: Shown) -> None:
    closer = comparison.noisy_is_closer(rows)
    if closer:
        by = " and ".join([", ".join(closer[:-1]), closer[-1]] if len(closer) > 1 else closer)
        st.warning(
            f"By {by}, the noisy input is closer to the clean image than the reconstruction: on "
            f"{'these images' if len(shown.clean) > 1 else 'this image'} this model does worse than doing nothing.",
            icon=":material/trending_down:",
        )


def whole_test_set(run: Run, corruption: Corruption) -> None:
    """The run's scores on the whole test set, if it was evaluated under the same corruption."""
    entry = classical.measured(run, corruption)
    if entry is None:
        return
    sides = [("this model", entry["metrics"]), ("noisy input", entry["noisy_input"])]
    others = entry.get("classical") or {}
    sides += [(title.lower(), others[name]["metrics"]) for name, title in classical.TITLES.items() if name in others]
    known = [(name, scores) for name, scores in sides if scores["psnr_db"] is not None]
    parts = [f"{name} {scores['psnr_db']:.2f} dB, {scores['ssim']:.3f}" for name, scores in known]
    st.caption(f"Whole test set, {count(entry['n'], 'image')}, PSNR and SSIM: {'; '.join(parts)}.")


def view() -> None:
    url.arrive()
    left, right = st.columns([2, 5], gap="large")
    with left, st.container(key="denoise-controls"):
        run = run_picker.choose(url.PAGE)
        if run is None:
            return
        about = image_info(run)
        corruption = corruption_form.choose_corruption(run, about.image_shape)
        draw = corruption_form.choose_draw(corruption)
        methods = choose_methods(run, corruption)
        images = test_images(run)
        source = controls.choose_source(images)
        own, window, many = None, slice(0), 0
        if source == "own":
            own = upload.choose_own(about.image_shape, upload.on_black(np.asarray(images.clean[:200])))
        elif source == "extremes":
            many = controls.choose_count()
        else:
            window = controls.choose_window(images)
    with right:
        if not images.whole_test_set:
            offer_data(about)
        if source == "own" and own is None:
            st.info("Upload an image to run it through the model like the test images.", icon=":material/add_a_photo:")
            return
        table, notes = st.empty(), st.container()
        toolbar = st.container(horizontal=True, vertical_alignment="center", key="denoise-toolbar")
        sheet = st.empty()
    with toolbar:
        order = TEST_ORDER if own else choose_order(source, corruption)
    first_order = next(iter(models.ORDERS)) if source == "extremes" else TEST_ORDER
    url.keep(run, corruption, source, order, order if own else first_order)
    with sheet:
        if own is not None:
            shown = from_own(run, own, corruption, draw)
        elif source == "extremes":
            shown = from_extremes(run, about, images, many, order, corruption, draw)
        else:
            shown = from_test_set(run, about, images, window, order, corruption, draw)
    rows = comparison.of_model(about.name, shown, corruption.active)
    with toolbar:
        scale = choose_error_scale(about, shown)
    with notes:
        if own is not None:
            explain_own(about, own)
        warn_of_harm(rows, shown)
        whole_test_set(run, corruption)
    with right:
        below = st.container()
        st.caption(about.citation)

    def show(rows: list[Row]) -> None:
        with table:
            comparison.table(rows, shown.caption, len(shown.clean))
        with sheet:
            image_sheet.draw(shown.clean, shown.titles, rows, scale, shown.cut_out)

    # Show at once what is known; a strength that must be tuned first takes a moment, and its row is filled in later.
    if not all(classical.known(run, corruption, name) for name in methods):
        show([*rows, *(Row(classical.TITLES[name], "tuning its strength…") for name in methods)])
    drawn = [*rows, *(comparison.of_method(run, corruption, name, shown) for name in methods)]
    show(drawn)
    with right, below:
        st.download_button(
            "PNG sheet",
            lambda: image_sheet.png(shown.clean, drawn),
            f"{run.id}-denoise.png",
            icon=":material/download:",
            key="save-sheet",
        )


st.title("Denoise", anchor=False)
page.draw(view)
