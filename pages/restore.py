"""Restore: clean, corrupted and restored images of a trained model next to classical methods, with their scores."""

from functools import partial

import numpy as np
import streamlit as st

from aecore.config.corruption import Corruption
from aecore.metrics.baselines import TITLES
from aecore.runs.run import Run
from dashboard import page
from dashboard.cache import models
from dashboard.cache.images import image_info, test_images
from dashboard.format import plain
from dashboard.navigation import route
from dashboard.restore import by_hand, classical, controls, export, url, wipe
from dashboard.restore import rows as comparison
from dashboard.restore import sheet as image_sheet
from dashboard.restore.batch import TEST_ORDER, from_extremes, from_own, from_test_set
from dashboard.restore.notes import baseline, explain_own, offer_data, warn_of_harm, whole_test_set
from dashboard.restore.rows import Row
from dashboard.widgets import corruption_form, figure_export, run_picker, upload
from dashboard.widgets.upload import Own

IMAGES = "restore-images"
"""What is drawn anew where the settings stay as they are."""

route()


def view() -> None:
    """What is done to which images of which run, and beside it what the model makes of them."""
    url.arrive()
    left, right = st.columns([2, 5], gap="large")
    settings = left.container(key="restore-controls")
    with settings:
        run = run_picker.choose(url.PAGE)
    if run is None:
        return
    about, images = image_info(run), test_images(run)
    with settings:
        chosen = wipe.choose_view(by_hand.possible(run), url.opens_by_hand(run))
        if chosen == "hand":
            window = controls.choose_window(images)
            with right:
                by_hand.draw(run, images, window)
                st.caption(plain(about.citation))
            url.keep(run, corruption_form.current_corruption(run), "test", TEST_ORDER, TEST_ORDER)
            return
        again = partial(page.only, IMAGES)

        def on_strength(before: Corruption, now: Corruption) -> None:
            # A method's strength may be known for one of them only; then another choice of methods is offered.
            if classical.available(run, before) == classical.available(run, now):
                again()

        corruption = corruption_form.choose_corruption(run, about.image_shape, on_strength)
        corruption_form.choose_draw(corruption, again)
        methods = controls.choose_methods(run, corruption)
        source = controls.choose_source(images)
        own = None
        if source == "own":
            own = upload.choose_own(about.image_shape, upload.on_black(np.asarray(images.clean[:200])))
        elif source == "extremes":
            controls.choose_count()
        else:
            controls.choose_window(images, again)
    with right:
        if not images.whole_test_set:
            offer_data(about)
        if source == "own" and own is None:
            st.info("Upload an image to run it through the model like the test images.", icon=":material/add_a_photo:")
            return
        restored = page.part(images_and_scores, [run], url.PAGE, url.FIELDS, IMAGES)
        restored(run, corruption, methods, source, own, chosen == "wipe")


def images_and_scores(
    run: Run, corruption: Corruption, methods: list[str], source: str, own: Own | None, wiped: bool
) -> None:
    """What the model and the methods make of the images; as strong as the sliders say by now, the images that are
    chosen by now."""
    about, images = image_info(run), test_images(run)
    corruption, draw = corruption_form.with_strengths(corruption), corruption_form.current_draw()
    table, notes = st.empty(), st.container()
    toolbar = st.container(horizontal=True, vertical_alignment="center", key="restore-toolbar")
    sheet = st.empty()
    with toolbar:
        order = TEST_ORDER if own else controls.choose_order(source, corruption)
    first_order = next(iter(models.ORDERS)) if source == "extremes" else TEST_ORDER
    url.keep(run, corruption, source, order, order if own else first_order)
    with sheet:
        if own is not None:
            shown = from_own(run, own, corruption, draw)
        elif source == "extremes":
            shown = from_extremes(run, about, images, controls.selection().many, order, corruption, draw)
        else:
            shown = from_test_set(run, about, images, controls.window(images), order, corruption, draw)
    rows = comparison.of_model(run, shown, corruption)
    with toolbar:
        scale = None if wiped else controls.choose_error_scale(about, shown)
    with notes:
        if own is not None:
            explain_own(about, own)
        warn_of_harm(rows, shown)
        whole_test_set(run, corruption)
    below = st.container()
    baseline(corruption, about.image_shape[0])
    st.caption(plain(about.citation))

    def show(rows: list[Row]) -> None:
        with table:
            comparison.table(rows, shown.caption, len(shown.clean))
        with sheet:
            if wiped:
                wipe.draw(shown, rows)
                return
            image_sheet.draw(shown.clean, shown.titles, rows, scale, shown.cut_out)

    # Show at once what is known; a strength that must be tuned first takes a moment, and its row is filled in later.
    if not all(classical.known(run, corruption, name) for name in methods):
        show([*rows, *(Row(TITLES[name], "tuning its strength…") for name in methods)])
    drawn = [*rows, *(comparison.of_method(run, corruption, name, shown) for name in methods)]
    show(drawn)
    with below:
        figure_export.export(
            lambda: export.drawing(run, corruption, shown, drawn, scale), f"{run.id}-restore", key="restore"
        )


page.heading("Restore")


page.draw(view)
