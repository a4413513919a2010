"""The notice on a public demo, and the limits of its forms."""

from __future__ import annotations

import streamlit as st

from aecore import data, demo
from aecore.config.experiment import Experiment


def note() -> None:
    """A line on a public demo, nothing elsewhere."""
    mode = demo.mode()
    if mode == "train":
        most = demo.CAPS
        st.caption(
            f":material/public: Public demo: anyone can train for up to {most.epochs} epochs on up to "
            f"{most.train_images:,} images; adding, renaming and deleting runs is disabled."
        )
    elif mode:
        st.caption(
            ":material/public: Public demo: everything can be viewed; training, adding, renaming and deleting runs is "
            "disabled."
        )


def image_sets() -> list[str]:
    """The image sets available for training; on a demo, those that are already prepared."""
    return [name for name in data.CATALOGUE if not demo.mode() or data.prepared(name)]


def within_caps(experiment: Experiment) -> Experiment:
    """The experiment reduced to the demo's limits, so that its form starts with valid values."""
    if not demo.mode():
        return experiment
    most, about = demo.CAPS, data.data_set(experiment.data.source)
    changes = {
        "training.epochs": min(experiment.training.epochs, most.epochs),
        "data.validation_images": 0,
        "training.log_every": None,
    }
    if min(experiment.data.train_images or about.train_images, about.train_images) > most.train_images:
        changes["data.train_images"] = most.train_images
    offered = image_sets()
    if offered and experiment.data.name not in offered:
        changes |= {"data.name": offered[-1], "data.train_images": None, "evaluation.wrong_digits": False}
    return experiment.changed(changes)
