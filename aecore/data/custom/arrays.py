"""The user's images from arrays, whatever file they come from: which array is what, and one scale for all.

A reader gives the arrays with their names (`Stored`); this is the one place that decides which are images and labels,
which split they belong to, where their channels are and which values are black and white.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aecore.data.custom import labels as label_forms
from aecore.data.custom import layout as layouts
from aecore.data.custom.duplicates import count_copies
from aecore.data.custom.limits import MAX_SIDE, MIN_SIDE, check_bytes, check_counts, held_out
from aecore.data.custom.roles import Role, role_of
from aecore.data.custom.size import Asked, choose_frame, refit
from aecore.data.custom.stored import Stored
from aecore.data.custom.understood import Understood
from aecore.data.custom.values import choose_scale, describe, differs, joined, range_of, to_bytes
from aecore.data.image_set import Arrays
from aecore.errors import UserError

KEYS = ("x_train", "y_train", "x_test", "y_test")
SPLITS = ("train", "val", "test")


class Pair(NamedTuple):
    """The images of a split and, where there are any, their labels."""

    images: Stored
    labels: Stored | None


class Found(NamedTuple):
    """The user's images, the classes' names, and what was understood."""

    arrays: Arrays
    classes: tuple[str, ...]
    report: Understood


def read_arrays(given: Sequence[Stored], text: str, report: Understood, asked: Asked) -> Found:
    """The images among the arrays of a file or folder; `text` is what messages call it.

    Headers are checked before anything is read. Raises `UserError` with the one thing to change.
    """
    pairs = _splits(given, text, report)
    plans = {split: _plan(pair, text) for split, pair in pairs.items()}
    shapes = {split: layouts.image_shape(plans[split], pair.images.shape) for split, pair in pairs.items()}
    _check_shapes(pairs, shapes, text)
    for split, pair in pairs.items():
        _check_labels(pair, shapes[split][0], text)
    raw = {split: pair.images.read() for split, pair in pairs.items()}
    images, words = {}, {}
    for split, values in raw.items():
        images[split], words[split] = layouts.apply(plans[split], values, _name(pairs[split].images, text))
    scaled, report.values_done = _scaled(images, pairs, text, report)
    if pairs[next(iter(pairs))].images.columns_first and next(iter(plans.values())).shape:
        report.remark("if the images lie on their side, their rows and columns are exchanged in the file: transpose it")
    labelled = label_forms.classes_of(
        {split: pair.labels.read() for split, pair in pairs.items() if pair.labels},
        {split: len(values) for split, values in scaled.items()},
        {split: pair.labels.name for split, pair in pairs.items() if pair.labels},
        text,
        report,
        next((pair.labels.class_names for pair in pairs.values() if pair.labels), ()),
    )
    return _finished(scaled, labelled, words, text, report, asked)


def _finished(
    images: dict[str, np.ndarray],
    labelled: label_forms.Classes,
    words: dict[str, str],
    text: str,
    report: Understood,
    asked: Asked,
) -> Found:
    """The split and the size, once images (N, H, W, C) and labels are bytes."""
    x_train, y_train = images["train"], labelled.labels["train"]
    test = "test" if "test" in images else "val" if "val" in images else ""
    if test:
        x_test, y_test = images[test], labelled.labels[test]
    else:
        mask = held_out(len(x_train))
        x_train, y_train, x_test, y_test = x_train[~mask], y_train[~mask], x_train[mask], y_train[mask]
    check_counts(text, len(x_train), len(x_test))
    height, width, channels = x_train.shape[1:]
    frame = choose_frame([(width, height)], asked)
    report.size_before, report.size_after, report.size_done = f"{width}×{height}", frame.text, frame.done
    arrays = Arrays(refit(x_train, frame), y_train, refit(x_test, frame), y_test)
    report.channels = channels
    report.channels_why = f"{'grey' if channels == 1 else 'RGB'}: {words['train']}"
    if channels == 3 and all(_is_grey(values) for values in (x_train, x_test)):
        report.remark("all pixels are grey, in three equal channels: one channel would do")
    report.count_classes(y_train, y_test, labelled.names)
    count_copies(arrays, report)
    return Found(arrays, labelled.names, report)


def _is_grey(images: np.ndarray) -> bool:
    pieces = (images[start : start + 1000] for start in range(0, len(images), 1000))
    return all((piece == piece[..., :1]).all() for piece in pieces)


def _name(array: Stored, text: str) -> str:
    return f"{text}: {array.name}" if array.name else text


def _splits(given: Sequence[Stored], text: str, report: Understood) -> dict[str, Pair]:
    """The images and labels of each split, the training images under `train`. Fills in `report.split`."""
    roles = [role_of(array.name) for array in given]
    groups = {
        split: [(array, role) for array, role in zip(given, roles, strict=True) if role.split == split]
        for split in dict.fromkeys(role.split for role in roles)
    }
    pairs: dict[str, Pair] = {}
    bare: list[Stored] = []  # labels without images
    for split, members in groups.items():
        images, labels = _images_and_labels(members, text, report)
        if images:
            pairs[split] = Pair(images, labels)
        elif labels:
            bare.append(labels)
    for labels in bare:
        split = role_of(labels.name).split
        if split == "train" and "" in pairs and pairs[""].labels is None:  # X, y_train
            pairs[""] = pairs[""]._replace(labels=labels)
        elif pairs or split:
            raise UserError(f"{text} holds {labels.name} but no {'x_' + split if split else 'images'}")
    if not pairs:
        names = ", ".join(array.name or f"an array {array.shape} of {array.dtype}" for array in given[:8]) or "nothing"
        raise UserError(f"{text} holds no x_train but {names}: expected {', '.join(KEYS)}, or images and labels")
    if len(pairs) == 1:  # also where its name says test: it is all there is
        only = next(iter(pairs.values()))
        report.split = "none is given: the first image and every sixth after it are the test images"
        return {"train": only}
    if "" in pairs:
        if "train" in pairs:
            report.leave_out([pairs.pop("").images.name], "belongs to neither training nor test images")
        else:
            pairs["train"] = pairs.pop("")
    if "train" not in pairs:
        names = ", ".join(pair.images.name for pair in pairs.values())
        raise UserError(f"{text} holds no x_train but {names}: name the training images x_train")
    _choose_test(pairs, text, report)
    return pairs


def _choose_test(pairs: dict[str, Pair], text: str, report: Understood) -> None:
    """Leave the validation images out where there are test images, and check that labels are given for enough."""
    names = {split: pair.images.name for split, pair in pairs.items()}
    if "test" in pairs:
        report.split = f"{names['train']} to train on, {names['test']} to test"
        if "val" in pairs:
            left = pairs.pop("val").images
            report.leave_out([f"{left.name} {left.shape}"], "is of validation images, and there are test images")
    elif "val" in pairs:
        report.split = f"{names['train']} to train on, {names['val']} to test"
        report.remark(f"there are no test images: the validation images ({names['val']}) are the test images")
    if pairs["train"].labels is None:
        for pair in pairs.values():
            if pair.labels is not None:
                raise UserError(f"{text} holds {pair.labels.name} but no y_train: give labels for both or for neither")


def _images_and_labels(
    members: Sequence[tuple[Stored, Role]], text: str, report: Understood
) -> tuple[Stored | None, Stored | None]:
    """The images and the labels of one split, by their names, else by their shapes."""
    images = [pair for pair in members if pair[1].kind == "images"]
    labels = [pair for pair in members if pair[1].kind == "labels"]
    others = [pair for pair in members if not pair[1].kind]
    if not images:
        images = [pair for pair in others if _may_be_images(pair[0])]
    chosen = _clearest(images, "images", text)
    if chosen and not labels:
        count = len(others) - (chosen in [array for array, _ in others])
        able = [
            pair
            for pair in others
            if pair[0] is not chosen
            and count == 1
            and not pair[1].strange  # arr_1 may be the labels, but not filenames or ages
            and label_forms.fits(pair[0].shape, chosen.shape[0])
        ]
        labels = able
    named = _clearest(labels, "labels", text)
    report.leave_out(
        [array.name for array, _ in members if array is not chosen and array is not named],
        "is neither images nor labels",
    )
    return chosen, named


def _may_be_images(array: Stored) -> bool:
    wide = len(array.shape) == 2 and min(array.shape) >= 1 and max(array.shape) >= MIN_SIDE**2 and array.shape[1] > 1
    return array.dtype.kind in "buif" and (len(array.shape) > 2 or wide)


def _clearest(found: Sequence[tuple[Stored, Role]], what: str, text: str) -> Stored | None:
    """The one whose name has the fewest words that mean nothing here. Raises `UserError` where two are alike."""
    if not found:
        return None
    fewest = min(role.strange for _, role in found)
    best = [array for array, role in found if role.strange == fewest]
    if len(best) > 1:
        names = ", ".join(array.name for array in best[:8])
        raise UserError(
            f"{text} holds several arrays that may be the {what} ({names}): keep one, or name them {', '.join(KEYS)}"
        )
    return best[0]


def _plan(pair: Pair, text: str) -> layouts.Layout:
    """The layout of the images, by their header and the number of labels."""
    images, labels = pair
    if images.dtype.kind not in "buif":
        raise UserError(f"{_name(images, text)} is {images.dtype}; expected uint8, or floats from 0 to 1")
    count = None
    if labels is not None and labels.shape:
        count = labels.shape[1] if labels.shape[0] == 1 and len(labels.shape) == 2 else labels.shape[0]
    shape = tuple(length or 1 for length in images.shape)  # a split without images is counted later
    return layouts.layout_of(shape, _name(images, text), count, images_last=images.columns_first)


def _check_labels(pair: Pair, images: int, text: str) -> None:
    """Raise `UserError` for labels that do not fit the number of images, or are no numbers or names."""
    labels = pair.labels
    if labels is None:
        return
    if not label_forms.fits(labels.shape, images):
        raise UserError(f"{text}: {labels.name} has the shape {labels.shape}; expected one label an image, ({images},)")
    if labels.dtype.kind not in "biufSU":
        raise UserError(f"{text}: {labels.name} is {labels.dtype}; expected whole numbers or names, one an image")


def _check_shapes(pairs: dict[str, Pair], shapes: dict[str, tuple[int, int, int, int]], text: str) -> None:
    for split, (_, height, width, _channels) in shapes.items():
        if not all(MIN_SIDE <= side <= MAX_SIDE for side in (height, width)):
            raise UserError(
                f"{text}: the images of {pairs[split].images.name} are {height}×{width}; expected {MIN_SIDE} to "
                f"{MAX_SIDE} pixels a side"
            )
    (first, shape), *others = shapes.items()
    for split, other in others:
        if other[1:] != shape[1:]:
            raise UserError(
                f"{text}: the images of {pairs[first].images.name} {pairs[first].images.shape[1:]} and of "
                f"{pairs[split].images.name} {pairs[split].images.shape[1:]} differ in size"
            )
    check_bytes(text, *((*pair.images.shape, pair.images.dtype.itemsize) for pair in pairs.values()))


def _scaled(
    images: dict[str, np.ndarray], pairs: dict[str, Pair], text: str, report: Understood
) -> tuple[dict[str, np.ndarray], str]:
    """Images (N, H, W, C) as uint8 with 1 or 3 channels, by one scale for all splits, and that scale in words."""
    ranges = {}
    for split, values in images.items():
        if values.shape[3] == 4:
            images[split] = values = _without_alpha(values, _name(pairs[split].images, text), report)
        if known := range_of([values]):
            if not known.finite:
                choose_scale(known, _name(pairs[split].images, text))
            ranges[split] = known
    whole = joined(ranges.values())
    if whole is None:
        check_counts(text, 0, 0)
        raise UserError(f"{text} holds no images")
    kinds = {known.dtype for known in ranges.values()}
    if len({"i" if known.kind in "iu" else known.kind for known in ranges.values()}) > 1:
        raise UserError(f"{text}: the splits are of different types ({', '.join(sorted(kinds))}): use one for all")
    worst = max(ranges, key=lambda split: (ranges[split].low < 0, ranges[split].high))
    scale = choose_scale(whole, _name(pairs[worst].images, text))
    for split, known in ranges.items():
        if differs(known, scale):
            raise UserError(
                f"{text}: {pairs[split].images.name} holds values from {known.low:g} to {known.high:g}, but all splits "
                f"together from {whole.low:g} to {whole.high:g}: bring them to one range"
            )
    report.values_before = describe(whole)
    report.remark(scale.remark)
    return {split: to_bytes(values, scale) for split, values in images.items()}, scale.words


def _without_alpha(values: np.ndarray, what: str, report: Understood) -> np.ndarray:
    """The first three of four channels, if the fourth is opaque everywhere. Raises `UserError` otherwise."""
    alpha = values[..., 3]
    opaque = {"b": 1, "f": 1}.get(values.dtype.kind, np.iinfo(values.dtype).max if values.dtype.kind in "iu" else 255)
    if not alpha.size or (alpha != alpha.flat[0]).any() or alpha.flat[0] not in (opaque, 255):
        raise UserError(f"{what} has four channels, and the fourth is not opaque everywhere: give it with three")
    report.remark("the fourth channel was left out: it is opaque everywhere")
    return values[..., :3]
