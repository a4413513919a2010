"""The direction that the page asks for: between two classes, between two selections of points, or of a quantity of the
strokes, measured on the run's codes of test images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aecore.errors import UserError
from aecore.latent import directions
from aecore.latent.codes import Codes
from aecore.metrics import strokes
from aecore.models.digit_classifier import reads
from aecore.runs.run import CODES, SNAPSHOTS, WEIGHTS, Run
from dashboard.cache.images import image_info, pictures_of
from dashboard.cache.keyed import keyed_on

CHECKED = 48
"""On so many codes it is checked what moving along the direction changes."""
LOOKED_AT = 300
"""From so many images it is decided whether they are strokes."""
REACH = 2.0
"""A slider between two means goes twice the whole way, to either side."""


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction, ready for the slider: `vector`, float64 (n,), is added to a code once for every unit."""

    title: str
    vector: np.ndarray
    reach: float
    """In units, at either end of the slider."""
    deviations: float
    """The length of `named` units of it, in standard deviations of the codes along it."""
    named: str
    made: str
    """How it was measured, in one sentence."""
    sample: np.ndarray
    """Codes float32 (S, n) of test images on which it is checked."""
    labels: np.ndarray
    """Those images' classes, uint8 (S,), which conditional models are told."""
    sampled: str
    quantity: str | None = None
    read: tuple[int, int] | None = None
    """The classes between which it leads, where the classifier reads them."""

    @property
    def unit(self) -> str:
        return strokes.UNITS[self.quantity] if self.quantity else ""

    @property
    def length(self) -> str:
        """Its length in words."""
        if not np.isfinite(self.deviations):
            return "the codes do not vary along it"
        return f"{self.named} is {self.deviations:.2f} standard deviations of the codes along it"

    def amounts(self) -> np.ndarray:
        """The amounts of the strip's images, from one end of the slider to the other."""
        return np.linspace(-self.reach, self.reach, 2 * directions.STEPS + 1)

    def written(self, amount: float) -> str:
        """An amount with its sign: `+12.5°`, `−0.5`."""
        sign = "+" if amount > 0 else "−" if amount < 0 else ""
        return f"{sign}{f'{abs(amount):.3g}'}{self.unit}"


def of_classes(run: Run, codes: Codes, start: int, end: int) -> Direction:
    """From the mean code of a class to that of another. Raises `UserError` where they are the same or have no codes."""
    names = [class_name(run, label) for label in (start, end)]
    if start == end:
        raise UserError(f"both classes are {names[0]}: choose two")
    for label, name in zip((start, end), names, strict=True):
        if label not in codes.labels:
            raise UserError(f"none of the run's codes is of class {name}")
    chosen = [np.flatnonzero(codes.labels == label) for label in (start, end)]
    counts = [f"{len(rows):,} of class {name}" for rows, name in zip(chosen, names, strict=True)]
    made = f"The mean code of {counts[1]} minus that of {counts[0]}{_encoded(codes)}"
    return _between(run, codes, chosen, f"{names[0]} → {names[1]}", made, (start, end))


def of_points(run: Run, codes: Codes, start: str, end: str) -> Direction:
    """From the mean code of the points that `start` names in the address to that of those that `end` names. Raises
    `UserError` for a damaged address, and where the run keeps no code of any of them."""
    if not (start and end):
        raise UserError("the address has one selection of points: a direction needs two")
    wanted = [directions.unpack_points(text) for text in (start, end)]
    chosen = [np.flatnonzero(np.isin(codes.indices, indices)) for indices in wanted]
    for rows, which in zip(chosen, ("first", "second"), strict=True):
        if not len(rows):
            raise UserError(f"this run keeps the code of no point of the {which} selection")
    missing = sum(map(len, wanted)) - sum(map(len, chosen))
    labels = [int(np.bincount(codes.labels[rows]).argmax()) for rows in chosen]
    words = [
        f"{len(rows):,} selected point{'s' * (len(rows) > 1)} (mostly {class_name(run, label)})"
        for rows, label in zip(chosen, labels, strict=True)
    ]
    made = f"The mean code of {words[1]} minus that of {words[0]}{_encoded(codes)}"
    if missing:
        made += f"; {missing:,} further point{' has' if missing == 1 else 's have'} no code in this run"
    return _between(run, codes, chosen, "selection → selection", made, (labels[0], labels[1]))


def of_quantity(run: Run, codes: Codes, quantity: str) -> Direction:
    """The change of the code that goes with one unit of `slant` or `thickness`. Raises `UserError` where that cannot be
    measured."""
    assert codes.codes is not None
    values = _measured(run, quantity, codes)
    if values is None:
        raise UserError("the images of these codes are not here to be measured")
    vector = directions.regression(codes.codes, values, codes.labels)
    step = directions.round_step(directions.spread_within(values, codes.labels))
    rows = np.flatnonzero(np.isfinite(values))
    unit = strokes.UNITS[quantity]
    made = (
        f"Least-squares regression of the code on the {quantity} of {len(rows):,} test images, within their classes "
        f"(mean {np.mean(values[rows]):.1f}{unit}, standard deviation {np.std(values[rows]):.2g}{unit})"
        f"{_encoded(codes)}"
    )
    sample = rows[_spread(len(rows))]
    return Direction(
        quantity,
        vector,
        directions.STEPS * step,
        directions.length_in_deviations(step * vector, codes.codes),
        f"{step:g}{unit}",
        made,
        codes.codes[sample],
        codes.labels[sample],
        f"{len(sample)} test images",
        quantity=quantity,
    )


def quantities(run: Run, codes: Codes) -> tuple[str, ...]:
    """What can be measured in the run's images: slant and thickness where they are bright strokes on black."""
    return strokes.QUANTITIES if _are_strokes(run, codes) else ()


def class_name(run: Run, label: int) -> str:
    classes = image_info(run).classes
    return classes[label] if 0 <= label < len(classes) else str(label)


def _between(
    run: Run, codes: Codes, chosen: list[np.ndarray], title: str, made: str, labels: tuple[int, int]
) -> Direction:
    assert codes.codes is not None
    vector = directions.difference(*(codes.codes[rows] for rows in chosen))
    sample = chosen[0][_spread(len(chosen[0]))]
    of = f"{len(sample)} test images of class {class_name(run, labels[0])}"
    return Direction(
        title,
        vector,
        REACH,
        directions.length_in_deviations(vector, codes.codes),
        "the whole way",
        made,
        codes.codes[sample],
        codes.labels[sample],
        of if (codes.labels[sample] == labels[0]).all() else f"{len(sample)} test images of the first selection",
        read=labels if labels[0] != labels[1] and reads(run.experiment().data.name) else None,
    )


def _encoded(codes: Codes) -> str:
    """Which images were encoded, where they were not the clean ones."""
    return "" if codes.corruption == "none" else f", encoded with the training corruption {codes.corruption}"


def _spread(count: int) -> np.ndarray:
    """At most `CHECKED` row numbers of `count`, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, CHECKED)).round().astype(int))


@keyed_on((CODES, WEIGHTS, SNAPSHOTS), show_spinner="Measuring the strokes…")
def _measured(run: Run, quantity: str, _codes: Codes) -> np.ndarray | None:
    """The quantity in the image of every code, in degrees or in pixels of the model's images, float64 (N,)."""
    images = pictures_of(run, _codes)
    if images is None or images.shape[1] not in (1, 3):
        return None
    found = strokes.measure(quantity, images.astype(np.float32) / np.float32(255))
    # Only small versions of large images may be here.
    return found * (image_info(run).image_shape[2] / images.shape[3]) if quantity == "thickness" else found


@keyed_on((CODES, WEIGHTS, SNAPSHOTS))
def _are_strokes(run: Run, _codes: Codes) -> bool:
    rows = np.unique(np.linspace(0, len(_codes.indices) - 1, min(len(_codes.indices), LOOKED_AT)).astype(int))
    images = pictures_of(run, _codes, rows) if len(rows) else None
    return images is not None and strokes.are_strokes(images.astype(np.float32) / np.float32(255))
