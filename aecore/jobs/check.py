"""Checking an experiment before it is queued: data set, model, device."""

from __future__ import annotations

import math

from aecore.config.experiment import Experiment
from aecore.data.catalogue import data_set
from aecore.devices import choose_for
from aecore.errors import UserError
from aecore.jobs.estimate import check_memory
from aecore.jobs.quota import check_data
from aecore.metrics.health import output_range
from aecore.metrics.remark import Remark
from aecore.metrics.unused import without_effect
from aecore.models.architecture import plan
from aecore.models.digit_classifier import SETS, reads
from aecore.models.layer import Plan
from aecore.training.rank import get_rank


def check(experiment: Experiment, device: str = "auto") -> tuple[Plan, int]:
    """The solved layers of an experiment's model, and the number of its training images, those held out included.

    Raises `UserError` for a data set, model or device that does not exist or cannot be built.
    """
    if experiment.model.external:
        raise UserError(
            f"model.kind: a network of kind {experiment.model.kind} was trained in another program's loop, and can be "
            "trained only there; choose autoencoder, dncnn or unet"
        )
    check_data(experiment.data.source)
    about = data_set(experiment.data.source)
    held, wanted = experiment.data.validation_images, experiment.data.train_images
    if held >= about.train_images:
        raise UserError(
            f"data.validation_images: {about.name} has {about.train_images:,} training images; "
            f"holding out {held:,} leaves none"
        )
    if (wanted or 0) > about.train_images - held:
        left = f", of which {held:,} are held out" if held else ""
        raise UserError(
            f"data.train_images: {about.name} has {about.train_images:,} training images{left}, got {wanted:,}"
        )
    classes = len(about.classes)
    if wrong := [number for number in experiment.data.leave_out if number >= classes]:
        raise UserError(f"data.leave_out: {about.name} has the classes 0 to {classes - 1}, got {wrong[0]}")
    if len(experiment.data.leave_out) == classes:
        raise UserError("data.leave_out: leaves nothing to train on; leave out fewer classes")
    if 0 < experiment.model.classes < classes:
        raise UserError(
            f"model.classes: {about.name} has {classes} classes, of which the model is told "
            f"{experiment.model.classes}; set it to {classes}, or to 0 for a model that is told none"
        )
    if experiment.training.prototypical and classes < 2:
        raise UserError(
            f"training.prototypical: all images of {about.name} are of one class, so there is nothing to tell apart; "
            "set it to 0"
        )
    if experiment.data.redraw and about.name != "mnist-binary":
        raise UserError(
            f"data.redraw: only the images of mnist-binary are drawn from grey ones, not {about.name}; set it to false"
        )
    if experiment.data.redraw and experiment.corruption.once and experiment.corruption.active:
        raise UserError(
            "data.redraw: images that are drawn anew cannot keep a corruption that is drawn once; choose one"
        )
    if experiment.evaluation.wrong_digits and not reads(about.name):
        raise UserError(
            f"evaluation.wrong_digits: the digit classifier reads {', '.join(SETS)}, not {about.name}; set it to false"
        )
    solved = plan(experiment.model, about.image_shape)
    images = wanted or about.train_images - held
    _check_last_batch(solved, images, experiment.training.batch_size)
    if choose_for(device, get_rank().local_world)[0].family == "cpu":
        check_memory(experiment, solved)
    return solved, images + held


def remarks_before(experiment: Experiment) -> list[Remark]:
    """What can be said against an experiment before it is trained, though it can be: an output that does not fit the
    images, and settings without an effect."""
    return [found for found in (output_range(experiment.model), without_effect(experiment)) if found]


def _check_last_batch(solved: Plan, images: int, batch_size: int) -> None:
    """Raise `UserError` where batch normalisation would get a single value, which has no variance."""
    last = images % min(batch_size, images) or min(batch_size, images)
    if last == 1 and any(layer.norm and math.prod(layer.output_shape[1:]) == 1 for layer in solved.layers):
        raise UserError(
            f"training.batch_size: {batch_size:,} leaves a last batch of one image, which batch normalisation "
            f"cannot train on; choose another size"
        )
