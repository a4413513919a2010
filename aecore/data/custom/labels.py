"""The labels of arrays, in whatever form: numbers, names, one-hot rows; as classes that all splits share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aecore.data.custom.limits import MOST_CLASSES, UNLABELLED, one_line
from aecore.data.custom.understood import Understood
from aecore.errors import UserError


class Classes(NamedTuple):
    """Labels uint8 (N,) by split, and the classes' names."""

    labels: dict[str, np.ndarray]
    names: tuple[str, ...]


def fits(shape: tuple[int, ...], images: int) -> bool:
    """Whether labels of that shape can belong to so many images: (N,), (N, 1), (1, N) or (N, K)."""
    return bool(shape) and (shape[0] == images or shape == (1, images)) and len(shape) <= 2


def classes_of(
    given: Mapping[str, np.ndarray],
    images: Mapping[str, int],
    names: Mapping[str, str],
    text: str,
    report: Understood,
    class_names: Sequence[str] = (),
) -> Classes:
    """The classes of the splits in `images`; those without labels in `given` become a class of their own.

    `names` are what messages call the arrays. Fills in `report.labels`. Raises `UserError` for labels of no use.
    """
    plain = {split: _plain(values, f"{text}: {names[split]}") for split, values in given.items()}
    if any(values is None for values in plain.values()):
        report.remark("there are several labels an image: the labels were left out")
        plain = {}
    if not plain:
        report.labels = report.labels or "none, the images are unlabelled"
        return Classes({split: np.zeros(number, np.uint8) for split, number in images.items()}, UNLABELLED)
    known = {split: values for split, values in plain.items() if values is not None}
    if len({values.dtype.kind for values in known.values()}) > 1:
        raise UserError(f"{text}: the labels of its splits differ in kind: use numbers or names in all")
    together = np.concatenate(list(known.values()))
    distinct = np.unique(together)
    bare = [split for split in images if split not in known]
    if len(distinct) + bool(bare) > MOST_CLASSES:
        report.labels = f"none, as there are {len(distinct):,} different labels and {MOST_CLASSES} at most are kept"
        report.remark(f"{len(distinct):,} different labels: the images were taken without labels")
        return Classes({split: np.zeros(number, np.uint8) for split, number in images.items()}, UNLABELLED)
    numbers = together.dtype.kind in "iu"
    if numbers and (class_names or (distinct[0] == 0 and distinct[-1] < MOST_CLASSES - bool(bare))):
        highest = max(int(distinct[-1]), len(class_names) - 1)
        if distinct[0] < 0 or highest >= MOST_CLASSES - bool(bare):
            raise UserError(f"{text}: labels from {distinct[0]} to {distinct[-1]} do not fit the names of the classes")
        titles = [class_names[i] if i < len(class_names) else str(i) for i in range(highest + 1)]
        labels = {split: values.astype(np.uint8) for split, values in known.items()}
    else:
        titles = [one_line(str(value)) for value in distinct.tolist()]
        labels = {split: np.searchsorted(distinct, values).astype(np.uint8) for split, values in known.items()}
    report.labels = f"from {', '.join(names[split] for split in known)}"
    for split in bare:
        report.remark(f"the {_SPLIT_WORDS[split]} images have no labels: their class is '{UNLABELLED[0]}'")
        labels[split] = np.full(images[split], len(titles), np.uint8)
    return Classes(labels, (*titles, *(UNLABELLED if bare else ())))


_SPLIT_WORDS = {"train": "training", "test": "test", "val": "validation", "": "other"}


def _plain(values: np.ndarray, what: str) -> np.ndarray | None:
    """Labels (N,) as int64, bool as names or text; None where an image has several. Raises `UserError`."""
    if values.ndim == 2 and 1 in values.shape:
        values = values.reshape(-1)
    kind = values.dtype.kind
    if kind not in "biufSU":
        raise UserError(f"{what} is {values.dtype}; expected whole numbers or names, one an image")
    if kind == "f":
        if not np.isfinite(values).all() or (values != np.rint(values)).any():
            raise UserError(
                f"{what} is {values.dtype} and holds fractions; expected whole numbers or names, one an image: "
                "leave it out to train without labels"
            )
        values = values.astype(np.int64)
    if values.ndim == 2:
        one_hot = kind in "biuf" and ((values == 0) | (values == 1)).all() and (values.sum(1) == 1).all()
        return values.argmax(1).astype(np.int64) if one_hot else None
    if kind == "b":
        return np.where(values, "true", "false")
    if kind == "S":
        return np.char.decode(values, "utf-8", "replace")
    if kind in "iu":
        return values.astype(np.int64)
    return values
