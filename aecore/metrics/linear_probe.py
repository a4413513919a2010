"""A linear probe: how well a straight cut through the codes tells the classes apart (Alain and Bengio 2016).

Multinomial logistic regression with the loss of scikit-learn's `LogisticRegression(C=1)`: the summed cross-entropy plus
half the squared weights; features are centred and scaled first. It is fitted here in float32, a block of rows at a time
that stays in the processor's cache, which is many times as fast for sixty thousand images.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import scipy.optimize
import torch

ITERATIONS = 100
TOLERANCE = 1e-5
"""Of the gradient of the mean loss; further steps change no accuracy."""


ROWS, WIDTH = 1000, 16
"""Rows of a block; products with fewer columns than the processor's vectors hold are slow, so zeros fill them up."""


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Short operations on one thread: several would wait for each other most of the time, above all on a busy
    machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Probe:
    """A fitted probe."""

    def __init__(self, shift: torch.Tensor, scale: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor) -> None:
        self.shift, self.scale, self.weights, self.bias = shift, scale, weights, bias

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The most likely class of every row of features (N, n), int64 (N,)."""
        rows = (torch.from_numpy(np.ascontiguousarray(features, np.float32)) - self.shift) / self.scale
        return (rows @ self.weights + self.bias).argmax(1).numpy()


def fit(features: np.ndarray, labels: np.ndarray, classes: int, *, one_scale: bool = False) -> Probe:
    """Fit features (N, n) to labels (N,) below `classes`.

    Every feature is scaled by its own standard deviation; with `one_scale`, which suits pixels, of which some are
    nearly always black, all by that of all together.
    """
    rows = torch.from_numpy(np.array(features, np.float32))
    shift = rows.mean(0)
    rows -= shift
    scale = rows.square().mean(0).sqrt()
    if one_scale:
        scale = scale.square().mean().sqrt().expand(len(scale))
    # Of a constant feature only rounding is left, which must not be blown up.
    scale = torch.where(scale > 1e-6 * (1 + shift.abs()), scale, torch.inf)
    rows /= scale
    wanted, (count, size) = torch.from_numpy(np.asarray(labels, np.int64))[:, None], rows.shape
    padded = -(-classes // WIDTH) * WIDTH

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = torch.from_numpy(flat.astype(np.float32)).view(classes, size + 1)
        weights = torch.zeros(size, padded)
        weights[:, :classes] = parameters[:, :-1].T
        gradient, value = torch.zeros(classes, size + 1), 0.0
        for start in range(0, count, ROWS):
            part, right = rows[start : start + ROWS], wanted[start : start + ROWS]
            logs = torch.log_softmax((part @ weights)[:, :classes] + parameters[:, -1], dim=1)
            value -= float(logs.gather(1, right).sum())
            wrong = logs.exp_().scatter_add_(1, right, torch.full((len(part), 1), -1.0))
            gradient[:, :-1].addmm_(wrong.T, part)
            gradient[:, -1] += wrong.sum(0)
        gradient[:, :-1] += parameters[:, :-1]
        value += float(parameters[:, :-1].square().sum()) / 2
        return value / count, gradient.double().numpy().ravel() / count

    start = np.zeros((size + 1) * classes)
    options = {"maxiter": ITERATIONS, "gtol": TOLERANCE, "maxcor": 10}
    with one_thread():
        found = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    parameters = torch.from_numpy(found.astype(np.float32)).view(classes, size + 1)
    return Probe(shift, scale, parameters[:, :-1].T.contiguous(), parameters[:, -1])


def few_labels(labels: np.ndarray, each: int, seed: int) -> np.ndarray | None:
    """Row numbers of `each` random images of every class that occurs, ascending; None where a class has fewer."""
    rng, chosen = np.random.default_rng(seed), []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) < each:
            return None
        chosen.append(rng.choice(rows, each, replace=False))
    return np.sort(np.concatenate(chosen))
