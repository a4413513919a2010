"""Interpolate: scrub through the latent space from image to image, over a plane between four, or along a direction."""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore.drawing import write
from aecore.latent.interpolation import shares
from aecore.runs.run import Run
from aecore.viewer.networks import Shipped
from dashboard import page, url_state
from dashboard.cache import codes as cached_codes
from dashboard.components.interpolator import walk
from dashboard.components.networks import ship_run
from dashboard.format import plain
from dashboard.interpolate import along, export
from dashboard.interpolate.controls import controls, hold_settings, images_to_choose
from dashboard.interpolate.url import FIELDS, PAGE
from dashboard.navigation import route
from dashboard.url_state import key
from dashboard.widgets import figure_export, image_picker
from dashboard.widgets.figure_export import Extra

route()


def interpolation(run: Run, found: image_picker.Chosen) -> export.Interpolation:
    state = st.session_state
    mode = state[key(PAGE, "mode")]
    side = state[key(PAGE, "side")] if mode == "four" else 0
    if mode == "several":
        steps = np.linspace(0, 1, (len(found.rows) - 1) * (state[key(PAGE, "between")] + 1) + 1)
    else:
        steps = shares(state[key(PAGE, "n")], state[key(PAGE, "steps")])
    return export.Interpolation(
        found.shown,
        tuple(found.names),
        state[key(PAGE, "path")],
        tuple(steps.round(9).tolist()),
        side,
        tuple(found.labels.tolist()),
    )


def downloads(run: Run, shown: export.Interpolation) -> None:
    """The menu of files for what is on the page."""
    name = f"{run.id}-{'plane' if shown.side else 'interpolation'}"
    if shown.side:
        figure_export.export(lambda: export.plane_sheet(run, shown), name, key=PAGE)
        return
    animated = Extra("GIF", f"{name}.gif", lambda: export.gif(run, shown), "Runs back and forth, for slides")
    figure_export.export(lambda: export.strip(run, shown), name, key=PAGE, extras=[animated])


def between(run: Run, gallery: image_picker.Gallery, shipped: Shipped) -> None:
    """Two images or more, and what lies between them."""
    several = st.session_state[key(PAGE, "mode")] == "several"
    found = image_picker.choose(PAGE, run, gallery, images_to_choose(), across=3 if several else 2)
    shown = interpolation(run, found)
    if shipped["encoder"] is None or shipped["decoder"] is None:
        st.caption("This network cannot run in the browser; the server computed these images.")
        st.image(write(export.plane_sheet(run, shown) if shown.side else export.strip(run, shown), "png"))
    else:
        walk(
            shipped,
            np.asarray(shown.images),
            found.names,
            gallery.classes,
            labels=shown.labels,
            path=shown.path,
            shares=shown.shares,
            side=shown.side,
            place=_opened(),
            visit=url_state.visit(PAGE),
            key="walk",
        )
    downloads(run, shown)


def view() -> None:
    url_state.arrive(PAGE, FIELDS)
    hold_settings()
    run = controls()
    if run is None:
        return
    gallery = image_picker.gallery(run)
    if gallery is None:
        st.info("This run has no stored images, and its image set is not here.", icon=":material/image_not_supported:")
        return
    page.part(images_and_path, [run], PAGE, FIELDS)(run, gallery, ship_run(run, cached_codes.codes(run)))


def images_and_path(run: Run, gallery: image_picker.Gallery, shipped: Shipped) -> None:
    """The images that are chosen, and what lies between them or along a direction."""
    mode = along.view if st.session_state[key(PAGE, "mode")] == "along" else between
    mode(run, gallery, shipped)
    quantised = run.experiment().model.quantised
    st.caption(
        plain(gallery.note) + (" The code is quantised: what lies between two is no image's code." if quantised else "")
    )
    url_state.keep(PAGE, FIELDS)


def _opened() -> tuple[float, ...] | None:
    """The initial position; on a plane it has two numbers."""
    at = st.session_state.get(key(PAGE, "at"))
    if at and len(at) == 1 and st.session_state[key(PAGE, "mode")] == "four":
        return (at[0], 0.5)
    return (*at, 0.5)[:2] if at else None


page.heading("Interpolate")


page.draw(view)
