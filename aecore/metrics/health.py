"""What is wrong with a run, as remarks: what is seen, with its number, and what usually cures it, one line each.

Pure functions of curves and of numbers measured on the test images. A consequence is not a remark of its own: where all
code units are dead, every output is the same image and the loss is that of the mean image, and the dead units are
what is said (`assess`). Old runs, which were never assessed, have no remarks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aecore.config.model import Model
from aecore.format import count
from aecore.metrics.loss_curves import curves
from aecore.metrics.remark import Remark, percent
from aecore.metrics.split import Split

CONSTANT_SPREAD = 0.01
"""Outputs that vary over the test images by less than this share of the images' own variation are one image: they
explain less than a ten-thousandth of the variance. A model that has learnt anything is far above it."""
AT_MEAN = 0.98
"""A test error above this share of the mean image's is at its level. The weakest shipped run, with a code of two
units, is at 0.53."""
ABOVE_MEAN = 1.05
"""From this share of the mean image's error on, the model is worse than the mean image and not just as good."""
DEAD_SHARE = 0.25
"""A quarter of the code units must be dead for a remark, unless all are: single dead units of a wide ReLU code are
common and cost little."""
COLLAPSED_NATS = 0.01
"""A unit whose mean KL divergence over the images is below this says next to nothing: as KL ≥ μ²/2, its means are
within 0.14 of zero (root mean square), where samples of it have a standard deviation of about 1."""
COLLAPSED_SHARE = 0.5
"""Half of a VAE's units must be collapsed for a remark: pruning units that it does not need is what a VAE does."""
GRACE_EPOCHS = 5
"""While a run trains, the first epochs may look like a mean image; only a run that ends there has failed."""
BLACK = 0.02
"""An output that nowhere exceeds this share of the range is black."""
NEGATIVE_SHARE = 0.05
"""So many of the output's values must be negative where images are [0, 1] for tanh to matter."""


@dataclass(frozen=True)
class OutputSample:
    """Outputs for a sample of the test images, in the model's own range."""

    spread: float | None
    """Root of the output's variance over the images, averaged over the pixels, as a share of the images' own; None
    where the images do not differ."""
    low: float
    high: float
    negative: float
    """Share of the values below 0 by more than a grey level, 0 to 1."""


@dataclass(frozen=True)
class Seen:
    """What an assessment goes by: the last epoch's measurements and the curves up to it."""

    train: Sequence[float] | np.ndarray
    """The training loss of every epoch so far."""
    test: Sequence[float] | np.ndarray
    """The test loss, of as many epochs."""
    error: float
    """The reconstruction part of the last test loss."""
    mean_error: float
    """The mean image's error on the test images, in the loss's own scale: that of the range, summed or averaged; 0
    where it is not known."""
    dead: int
    """Dead units of the code."""
    units: int
    """Units of the code."""
    collapsed: int | None
    """Units with a KL divergence below `COLLAPSED_NATS`; None without a Gaussian bottleneck."""
    output: OutputSample


def output_range(model: Model, split: Split | None = None, output: OutputSample | None = None) -> Remark | None:
    """An output whose range is not the images': known before training, then told with its number.

    A sigmoid cannot reach what is darker than mid-grey in [-1, 1]; `split` tells how much of the test images that is. A
    tanh can leave [0, 1], which matters where it does: `output` tells how often.
    """
    if model.range == "unit" and model.last_activation == "tanh":
        return _tanh_of_unit(output)
    if model.range != "symmetric" or model.last_activation != "sigmoid":
        return None
    share = "" if split is None else f", out of reach for {percent(split.below_middle, 0)} of the test images' values"
    return Remark(
        "output-range",
        f"the sigmoid output lies in [0, 1] and the images in [-1, 1]: it never gets darker than mid-grey{share}; "
        "set model.output to tanh or model.range to unit",
        None if split is None else split.below_middle,
    )


def _tanh_of_unit(output: OutputSample | None) -> Remark | None:
    cure = "set model.output to sigmoid or model.range to symmetric"
    if output is None:
        return Remark(
            "output-range",
            f"the tanh output lies in [-1, 1] and the images in [0, 1]: its lower half shows no image; {cure}",
        )
    if output.negative < NEGATIVE_SHARE:
        return None
    return Remark(
        "output-range",
        f"{percent(output.negative, 0)} of the tanh output's values are below 0, and the images lie in [0, 1]; {cure}",
        output.negative,
        NEGATIVE_SHARE,
    )


def duplicate_images(split: Split) -> Remark | None:
    """Test images that the model was trained on: even one is, as it is a mistake of the split."""
    if not split.duplicates:
        return None
    share = split.duplicates / split.test_images
    verb = "is" if split.duplicates == 1 else "are"
    return Remark(
        "duplicates",
        f"{split.duplicates:,} of {count(split.test_images, 'test image')} ({percent(share, 1)}) {verb} among the "
        "training images too, so the test loss flatters the model; remove them from one of the two",
        split.duplicates,
        split.test_images,
    )


def code(dead: int, units: int, collapsed: int | None, against: str = "") -> Remark | None:
    """A code that says nothing, or of which a large part does: `dead` units are constant, `collapsed` ones of a VAE
    have a KL divergence below `COLLAPSED_NATS`; both of `units`. `against` is added where nothing is left."""
    if collapsed is not None and collapsed >= COLLAPSED_SHARE * units:
        words = f"of the code {'has' if collapsed == 1 else 'have'} a KL divergence below {COLLAPSED_NATS:g} nats"
        if collapsed == units:
            text = (
                f"{_all(units)} {words}: posterior collapse, the code says nothing about the image{against}; a smaller "
                "training.beta usually cures it"
            )
        else:
            text = (
                f"{collapsed:,} of {count(units, 'unit')} {words}: posterior collapse, only {units - collapsed:,} in "
                "use; a smaller training.beta or a smaller code usually cures it"
            )
        return Remark("posterior-collapse", text, collapsed, units)
    constant = dead - (collapsed or 0)  # a collapsed unit is as good as constant, and has been judged as collapsed
    if constant < max(1, DEAD_SHARE * units):
        return None
    verb = "is" if dead == 1 else "are"
    if dead == units:
        text = f"{_all(units)} of the code {verb} dead: every image has the same code and output{against}"
    else:
        text = f"{dead:,} of {count(units, 'code unit')} {verb} dead, the same for every image: {units - dead:,} in use"
    cure = "another training.seed, a smaller training.lr or leaky-relu in place of relu usually cures it"
    return Remark("dead-code", f"{text}; {cure}", dead, units)


def constant_output(output: OutputSample, error: float, mean_error: float, low: float, high: float) -> Remark | None:
    """The same output for every image: black, the mean image or another one. `low` and `high` are the model's range."""
    if output.spread is None or output.spread >= CONSTANT_SPREAD:
        return None
    which = ""
    if output.high <= low + BLACK * (high - low):
        which = ", all black"
    elif mean_error and error < ABOVE_MEAN * mean_error:
        which = ", about the mean image"
    return Remark(
        "constant-output",
        f"the output is the same image for every input{which}: over the test images it varies "
        f"{percent(output.spread, 2)} as much as they do{_against(error, mean_error)}; a smaller training.lr, another "
        "training.seed or more epochs usually cure it",
        output.spread,
        CONSTANT_SPREAD,
    )


def same_output(spread: float, high: float) -> Remark | None:
    """The same of a model of which no training is known: the output's `spread` as a share of the images' own, and its
    highest value on the [0, 1] scale."""
    if not spread < CONSTANT_SPREAD:
        return None
    which = ", all black" if high <= BLACK else ""
    return Remark(
        "constant-output",
        f"the output is the same image for every input{which}: over the test images it varies {percent(spread, 2)} as "
        "much as they do",
        spread,
        CONSTANT_SPREAD,
    )


def mean_level(error: float, mean_error: float) -> Remark | None:
    """A test error at or above that of answering every image with the mean training image, in the same scale."""
    if not mean_error or error < AT_MEAN * mean_error:
        return None
    if error >= ABOVE_MEAN * mean_error:
        seen = f"is above that of answering every image with the mean training image, {mean_error:.3g}"
    else:
        seen = f"is that of answering every image with the mean training image, {mean_error:.3g}"
    return Remark(
        "mean-image",
        f"the test error, {error:.3g}, {seen}: nothing else has been learnt; more epochs, another training.lr or "
        "another training.seed usually cure it",
        error,
        mean_error,
    )


def assess(model: Model, split: Split, seen: Seen | None = None, final: bool = True) -> list[Remark]:
    """Every remark on a run, the most serious first; of a chain of consequences only its beginning.

    `seen` is None before the first epoch. Until a run ends (`final`), its code, output and error are left alone for
    the first `GRACE_EPOCHS` epochs.
    """
    outside = output_range(model, split, seen.output if seen else None)
    found: list[Remark] = []
    # A sigmoid that cannot reach most values ends in one image, whatever else is right.
    if seen and not (outside and model.last_activation == "sigmoid") and (final or len(seen.train) >= GRACE_EPOCHS):
        found = _of_the_last_epoch(model, seen)
    useless = _useless(found)
    if outside and useless is None:
        found.insert(0, outside)
    if seen:
        course = curves(seen.train, seen.test, seen.mean_error, useless)
        diverged = any(remark.kind == "diverged" for remark in course)
        found = course if diverged else found + course
    duplicate = duplicate_images(split)
    return [*found, duplicate] if duplicate else found


def _of_the_last_epoch(model: Model, seen: Seen) -> list[Remark]:
    """A code that says nothing, else an output that does, and then how much of the code is lost."""
    epochs = len(seen.train)
    part = code(seen.dead, seen.units, seen.collapsed, _against(seen.error, seen.mean_error))
    if part is not None and part.value == seen.units:
        return [_early(part, epochs)]
    constant = constant_output(seen.output, seen.error, seen.mean_error, *model.value_range)
    whole = constant or mean_level(seen.error, seen.mean_error)
    return [_early(remark, epochs) for remark in (whole, part) if remark is not None]


def _early(remark: Remark, epochs: int) -> Remark:
    """The remark on a run that has ended after its first few epochs, which many a healthy one begins with."""
    if epochs >= GRACE_EPOCHS:
        return remark
    seen = remark.text.rpartition("; ")[0]
    return replace(remark, text=f"{seen}; after {count(epochs, 'epoch')} that is common, and more usually cure it")


def _useless(found: list[Remark]) -> str | None:
    """What became of a model that answers the same for every image, empty where its error alone says so; None for any
    other model."""
    for remark in found:
        if remark.kind == "constant-output":
            return "the output is the same image for every input"
        if remark.kind == "mean-image":
            return ""
        if remark.value == remark.reference:
            return f"{_all(int(remark.value or 0))} of the code say nothing"
    return None


def _against(error: float, mean_error: float) -> str:
    return f" (test error {error:.3g}, the mean image's {mean_error:.3g})" if mean_error else ""


def _all(units: int) -> str:
    return f"all {count(units, 'unit')}" if units > 1 else "the only unit"
