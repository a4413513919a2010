"""What the person at work may start: a line about it, and forms that begin within it."""

from __future__ import annotations

import streamlit as st

from aecore import access, data
from aecore.config.experiment import Experiment


def note() -> None:
    """A line for visitors of a public demo, nothing for others."""
    person = access.current()
    if not person.visitor:
        return
    if person.at_least("train"):
        most = access.limits_of(person)
        st.caption(
            f":material/public: Public demo: anyone can train for up to {most.epochs:g} epochs on up to "
            f"{most.train_images:,g} images; such runs are removed after {most.hours:g} hours. Adding, renaming and "
            "deleting runs is disabled."
        )
    else:
        st.caption(
            ":material/public: Public demo: everything can be viewed; training, adding, renaming and deleting runs is "
            "disabled."
        )


def image_sets() -> list[str]:
    """The image sets available for training; to visitors of a demo, those that are already prepared."""
    return [name for name in data.CATALOGUE if not access.current().visitor or data.prepared(name)]


def within_limits(experiment: Experiment) -> Experiment:
    """The experiment reduced to the person's limits, so that its form starts with valid values."""
    person = access.current()
    most, about = access.limits_of(person), data.data_set(experiment.data.source)
    changes = {}
    if experiment.training.epochs > most.epochs:
        changes["training.epochs"] = int(most.epochs)
    if min(experiment.data.train_images or about.train_images, about.train_images) > most.train_images:
        changes["data.train_images"] = int(most.train_images)
    if person.visitor:
        changes |= {"data.validation_images": 0, "training.log_every": None, "evaluation.measure": False}
    offered = image_sets()
    if offered and experiment.data.name not in offered and person.visitor:
        changes |= {"data.name": offered[-1], "data.train_images": None, "evaluation.wrong_digits": False}
    return experiment.changed(changes) if changes else experiment
