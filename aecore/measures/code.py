"""Measures of the code itself: its units, its dimension, and how well classes are told apart in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from aecore.latent.quantised import indices_of, use_of, vectors_of
from aecore.measures.subject import BATCH, Subject, some
from aecore.metrics import linear_probe, neighbours
from aecore.metrics.bootstrap import mean_interval
from aecore.metrics.code_units import (
    ACTIVE_VARIANCE,
    correlation,
    intrinsic_dimension,
    mean_correlation,
    units,
)
from aecore.models.condition import Condition
from aecore.models.network import known_classes
from aecore.training.loss import kl_divergence

FEW_LABELS = (10, 100)
"""So many labelled images a class, beside all of them."""
DRAWS = 5
"""So many random choices of them are averaged."""
PROBE_NUMBERS = 160_000_000
"""A probe learns from as many training images as have this many features together."""
NEIGHBOUR_PRODUCTS = 600_000_000_000
"""Neighbours are sought for as many test images as cost this many multiplications."""
MATRIX, EACH = 64, 1024
"""The correlations of so many units are kept, and what each carries of so many; of wider codes none, not a part."""
NEIGHBOURS = (1, 10)


def active_units(subject: Subject) -> None:
    found, model = units(subject.test_codes), subject.model
    entry: dict[str, Any] = {
        "value": found.active,
        "of": subject.units,
        "threshold": ACTIVE_VARIANCE,
        "constant": found.constant,
    }
    if subject.units <= EACH:
        entry["variance"] = found.variance
    if model.gaussian:
        kl = unit_divergence(subject)
        entry |= {"kl_nats": float(kl.sum()), **({"kl": kl} if subject.units <= EACH else {})}
    else:
        entry["active_for_their_scale"] = found.active_for_their_scale
        if found.low.min() == 0:  # the code of a ReLU
            entry["never_fire"] = found.never_fire
    subject.measures["active_units"] = entry


def codebook(subject: Subject) -> None:
    """How many vectors of a quantised code the test images use, and how evenly."""
    model = subject.experiment.model
    if not model.quantised:
        subject.lacking["codebook"] = "the code is not quantised"
        return
    vectors = vectors_of(subject.run)
    found = use_of(indices_of(subject.test_codes, subject.model.plan, vectors), len(vectors))
    _, height, width = subject.model.plan.code_map
    subject.measures["codebook"] = {
        "value": found.perplexity,
        "used": found.used,
        "of": found.of,
        "places": height * width,
        "bits": height * width * float(np.log2(len(vectors))),
    }


@torch.inference_mode()
def unit_divergence(subject: Subject) -> np.ndarray:
    """The mean KL divergence of every unit from its prior over the test images, in nats, float64 (n,)."""
    total = np.zeros(subject.units)
    for start in range(0, len(subject.x_test), BATCH):
        rows = slice(start, start + BATCH)
        images = subject.model.from_bytes(subject.to_device(subject.x_test[rows]))
        condition = Condition(known_classes(subject.model, subject.y_test[rows]))
        total += kl_divergence(*subject.model.distribution(images, condition)).cpu().double().sum(0).numpy()
    return total / len(subject.x_test)


def unit_correlation(subject: Subject) -> None:
    if subject.units == 1:
        subject.lacking["unit_correlation"] = "the code has one unit"
        return
    if subject.units > 16 * MATRIX:
        subject.lacking["unit_correlation"] = f"a code of {subject.units:,} units is too wide"
        return
    matrix = correlation(subject.test_codes)
    value = mean_correlation(matrix)
    if value is None:
        subject.lacking["unit_correlation"] = "fewer than two units vary"
        return
    entry: dict[str, Any] = {"value": value, "largest": float(np.nanmax(np.abs(matrix - np.eye(len(matrix)))))}
    if subject.units <= MATRIX:
        entry["matrix"] = [[round(float(cell), 3) for cell in row] for row in matrix]
    subject.measures["unit_correlation"] = entry


def dimension(subject: Subject) -> None:
    codes = subject.test_codes[some(len(subject.x_test), _queries(len(subject.x_test), subject.units))]
    if subject.units < 2:
        subject.lacking["intrinsic_dimension"] = "the code has one unit"
        return
    found = intrinsic_dimension(neighbours.nearest(codes, count=2)[0]) if len(codes) > 10 else None
    if found is None:
        subject.lacking["intrinsic_dimension"] = "there are fewer than ten different codes"
        return
    subject.measures["intrinsic_dimension"] = {
        **found.as_json(),
        "of": subject.units,
        "pixels": subject.baselines.kept("dimension", lambda: _pixel_dimension(subject)),
        "test_images": len(codes),
    }


def _pixel_dimension(subject: Subject) -> float | None:
    chosen = some(len(subject.x_test), _queries(len(subject.x_test), subject.values))
    found = intrinsic_dimension(neighbours.nearest(_pixels(subject.x_test, chosen), count=2)[0])
    return None if found is None else found.value


def probes(subject: Subject) -> None:
    """The accuracy of a linear probe with few labels and with all, in the code, in PCA of equal size and in pixels."""
    if why := subject.labelled:
        subject.lacking["linear_probe"] = why
        return
    kept, y_train, y_test = subject.baselines.kept, subject.y_train, subject.y_test[subject.seen]

    def accuracy(view: Callable[[np.ndarray], np.ndarray], each: int | None, one_scale: bool = False) -> float | None:
        train, test = view(subject.x_train), view(subject.x_test)[subject.seen]
        correct = probed(train, test, y_train, y_test, each, one_scale=one_scale)
        return None if correct is None else float(correct.mean())

    train, test, steps = subject.train_codes, subject.test_codes[subject.seen], []
    for each in (*FEW_LABELS, None):
        subject.report("probing", len(steps), 3, "linear probe")
        correct = probed(train, test, y_train, y_test, each, one_scale=False)
        if correct is None:
            continue
        step = {
            "labels": each or "all",
            **mean_interval(correct).as_json(),
            "pixels": kept(f"probe {each} pixels", lambda each=each: accuracy(_pixels, each, one_scale=True)),
            "pca": None,
        }
        if _has_pca(subject):
            of_pca = lambda each=each: accuracy(lambda images: _pca(subject, images), each)  # noqa: E731
            step["pca"] = kept(f"probe {each} pca {subject.units}", of_pca)
        steps.append(step)
    whole = steps[-1]
    colour = kept("probe all colour", lambda: accuracy(_colours, None)) if subject.x_test.shape[1] > 1 else None
    subject.measures["linear_probe"] = {
        **{name: whole[name] for name in ("value", "low", "high", "pca", "pixels")},
        **({} if colour is None else {"colour": colour}),
        "chance": float(np.bincount(y_test).max() / len(y_test)),
        "train_images": _trained_on(len(train), train.shape[1]),
        "test_images": len(y_test),
        "by_labels": steps,
    }


def probed(
    train: np.ndarray,
    test: np.ndarray,
    y_train: np.ndarray,
    y_test: np.ndarray,
    each: int | None,
    *,
    one_scale: bool,
) -> np.ndarray | None:
    """Whether each test image is classified correctly, as a share of the draws, float64 (N,); `each` labels a class or
    all. None where a class has fewer."""
    classes = int(max(y_train.max(), y_test.max())) + 1
    if each is None:
        rows = some(len(train), _trained_on(len(train), train.shape[1]))
        return (
            linear_probe.fit(train[rows], y_train[rows], classes, one_scale=one_scale).predict(test) == y_test
        ) * 1.0
    found = []
    for draw in range(DRAWS):
        rows = linear_probe.few_labels(y_train, each, draw)
        if rows is None:
            return None
        found.append(linear_probe.fit(train[rows], y_train[rows], classes, one_scale=one_scale).predict(test) == y_test)
    return np.mean(found, axis=0)


def nearest_neighbours(subject: Subject) -> None:
    """The accuracy of the vote of the 1 and the 10 nearest training images, in the code, in PCA and in pixels."""
    if why := subject.labelled:
        subject.lacking |= dict.fromkeys(("neighbours_1", "neighbours_10"), why)
        return
    if len(subject.x_train) < max(NEIGHBOURS):
        subject.lacking |= dict.fromkeys(("neighbours_1", "neighbours_10"), "there are fewer than 10 training images")
        return
    subject.report("probing", 0, 1, "nearest neighbours")
    right = _voted(subject, subject.train_codes, subject.test_codes)
    kept = subject.baselines.kept

    def means(train: np.ndarray, test: np.ndarray) -> list[float]:
        return [float(part.mean()) for part in _voted(subject, train, test)]

    pixels = kept("neighbours pixels", lambda: means(_pixels(subject.x_train), _pixels(subject.x_test)))
    pca = (
        kept(
            f"neighbours pca {subject.units}",
            lambda: means(_pca(subject, subject.x_train), _pca(subject, subject.x_test)),
        )
        if _has_pca(subject)
        else [None, None]
    )
    for number, k in enumerate(NEIGHBOURS):
        subject.measures[f"neighbours_{k}"] = {
            **mean_interval(right[number]).as_json(),
            "pca": pca[number],
            "pixels": pixels[number],
            "test_images": len(right[number]),
        }


def _voted(subject: Subject, train: np.ndarray, test: np.ndarray) -> list[np.ndarray]:
    test, wanted = test[subject.seen], subject.y_test[subject.seen]
    chosen = some(len(test), _queries(len(train), train.shape[1]))
    found = neighbours.nearest(train, test[chosen], max(NEIGHBOURS))[1]
    classes = int(max(subject.y_train.max(), wanted.max())) + 1
    voted = [neighbours.votes(subject.y_train, found[:, :k], classes) for k in NEIGHBOURS]
    return [(labels == wanted[chosen]) * 1.0 for labels in voted]


def _has_pca(subject: Subject) -> bool:
    return subject.baselines.pca is not None and subject.units < min(subject.values, len(subject.x_train))


def _pca(subject: Subject, images: np.ndarray) -> np.ndarray:
    assert subject.baselines.pca is not None
    return subject.baselines.pca.codes(images, subject.units)


def _pixels(images: np.ndarray, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
    part = np.asarray(images[chosen])
    return part.reshape(len(part), -1).astype(np.float32) / 255


def _colours(images: np.ndarray) -> np.ndarray:
    """The mean of every channel, float32 (N, C)."""
    return np.concatenate(
        [
            images[start : start + 10 * BATCH].mean(axis=(2, 3), dtype=np.float32)
            for start in range(0, len(images), 10 * BATCH)
        ]
    )


def _trained_on(count: int, width: int) -> int:
    return min(count, max(1000, PROBE_NUMBERS // width))


def _queries(count: int, width: int) -> int:
    return max(500, NEIGHBOUR_PRODUCTS // (count * width))
