"""Two runs' reconstructions, or the clean or noisy images, over one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from aecore.runs.run import Run
from aecore.viewer.networks import Shipped
from dashboard import url_state
from dashboard.cache import models
from dashboard.compare.url import PAGE
from dashboard.components.wiper import Layer, wiper
from dashboard.url_state import key
from dashboard.widgets import image_picker
from dashboard.widgets.image_files import as_bytes


def draw(
    shown: Sequence[Run],
    titles: Sequence[str],
    numbers: Sequence[int],
    shipped: Sequence[Shipped],
    found: image_picker.Chosen,
    noisy: bool,
) -> None:
    """The images with their divider. Networks that are too large for the browser are run here."""
    layers = [Layer("clean", "Clean", found.clean)]
    if noisy:
        layers.append(Layer("noisy", "Noisy input", as_bytes(found.shown), marks=_errors(found.shown, found)))
    for run, title, number, network in zip(shown, titles, numbers, shipped, strict=True):
        if network["encoder"] and network["decoder"]:
            layers.append(Layer(run.id, title, network=network, number=number))
        else:
            outputs = models.reconstructed(run, found.shown, found.labels)
            layers.append(Layer(run.id, title, as_bytes(outputs), marks=_errors(outputs, found), number=number))
    runs = [run.id for run in shown]
    wiper(
        layers,
        (runs[0], runs[1]) if len(runs) > 1 else ("noisy" if noisy else "clean", runs[0]),
        found.clean,
        found.shown,
        found.names,
        labels=found.labels,
        place=st.session_state[key(PAGE, "wipe")],
        visit=url_state.visit(PAGE),
        key="compare-wipe",
    )


def _errors(images: np.ndarray, found: image_picker.Chosen) -> list[str]:
    """The error of each image, in the words that the browser has for those that it makes."""
    clean = found.clean.astype(np.float32) / np.float32(255)
    return [f"MSE {error:.4f}" for error in ((images - clean) ** 2).mean(axis=(1, 2, 3), dtype=np.float64)]
