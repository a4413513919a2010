"""What moving along a direction changes in decoded images, measured by the server: for files, and for networks that the
browser does not run. `aecore/viewer/components/interpolator/check.js` measures the same in the browser."""

from __future__ import annotations

import numpy as np

from aecore.metrics import strokes
from aecore.runs.run import Run
from dashboard.cache import models
from dashboard.interpolate.directions import Direction, class_name


def checked(run: Run, direction: Direction) -> str:
    """At both ends of the slider, the change that is asked for and the one that is measured, in one sentence."""
    ends = (-direction.reach, direction.reach)
    if direction.quantity:
        changes = _changes(run, direction, ends)
        found = [
            f"{direction.written(change.mean())} on average at {direction.written(end)}" if len(change) else
            f"nothing that can be measured at {direction.written(end)}"
            for end, change in zip(ends, changes, strict=True)
        ]  # fmt: skip
        return f"Measured on {direction.sampled}: the {direction.quantity} changed by {' and by '.join(found)}."
    if direction.read is None:
        return "Nothing was measured along this direction."
    names = [class_name(run, label) for label in direction.read]
    parts = []
    for amount in (0.0, 1.0):
        images = models.decoded(run, moved(direction, direction.sample, amount), direction.labels)
        start, end = (_share(run, images, label) for label in direction.read)
        parts.append(f"{names[1]} in {end:.0%} and {names[0]} in {start:.0%} at {direction.written(amount)}")
    return f"Of {direction.sampled}, the classifier reads {'; '.join(parts)}."


def moved(direction: Direction, codes: np.ndarray, amount: float) -> np.ndarray:
    """Codes (N, n), moved by an amount in units, float32."""
    return (codes + amount * direction.vector).astype(np.float32)


def _changes(run: Run, direction: Direction, amounts: tuple[float, ...]) -> list[np.ndarray]:
    """The change of the quantity in every image of the sample that can be measured, at each amount."""
    assert direction.quantity
    unmoved, *others = (
        strokes.measure(
            direction.quantity, models.decoded(run, moved(direction, direction.sample, amount), direction.labels)
        )
        for amount in (0.0, *amounts)
    )
    return [change[np.isfinite(change)] for change in (one - unmoved for one in others)]


def _share(run: Run, images: np.ndarray, label: int) -> float:
    (wrong,) = models.wrong_digits(run.experiment().data.name, [images], np.full(len(images), label))
    return 1 - (wrong or 0) / len(images)
