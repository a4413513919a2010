"""Measures of a run that left classes out of training: how well it tells their images from the rest."""

from __future__ import annotations

import numpy as np

from aecore import data
from aecore.measures.subject import Subject, some
from aecore.metrics import anomaly, neighbours

PCA_SIZE = 32
"""The components of the baseline."""
HELD, NEAREST_OF = 5000, 20_000


def anomalies(subject: Subject) -> None:
    """Of the reconstruction error and of the distance to the nearest training code, on the test images."""
    left_out = subject.experiment.data.leave_out
    if not left_out:
        reason = "no class was left out of training (data.leave_out)"
        subject.lacking |= dict.fromkeys(("anomaly_error", "anomaly_distance"), reason)
        return
    anomalous = np.isin(subject.y_test, left_out)
    if anomalous.all() or not anomalous.any():
        reason = "the test images are all of classes left out" if anomalous.all() else "no test image is of that class"
        subject.lacking |= dict.fromkeys(("anomaly_error", "anomaly_distance"), reason)
        return
    subject.report("scoring", 0, 1, "anomalies")
    held, held_labels = _held(subject)
    held_codes = subject.codes(held, held_labels)
    pca = subject.baselines.pca
    of_pca = None
    if pca is not None and pca.size >= PCA_SIZE:
        scores = pca.errors_by_image(subject.x_test, PCA_SIZE)
        of_pca = anomaly.area_under_roc(scores, anomalous).value
    train = subject.train_codes[some(len(subject.train_codes), NEAREST_OF)]

    def apart(codes: np.ndarray) -> np.ndarray:
        return neighbours.nearest(train, codes, 1)[0][:, 0]

    for name, of_test, of_held in (
        ("anomaly_error", subject.test_errors, subject.errors(held_codes, held, held_labels)),
        ("anomaly_distance", apart(subject.test_codes), apart(held_codes)),
    ):
        subject.measures[name] = {
            **anomaly.area_under_roc(of_test, anomalous).as_json(),
            "average_precision": anomaly.average_precision(of_test, anomalous),
            "anomalies": int(anomalous.sum()),
            "pca": of_pca,
            "chance": 0.5,
            "left_out": [subject.classes[label] for label in left_out],
            "thresholds": [part._asdict() for part in anomaly.thresholds(of_held, of_test, anomalous)],
            "thresholds_from": "validation images" if subject.experiment.data.validation_images else "training images",
            "roc": anomaly.roc(of_test, anomalous),
        }


def _held(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Normal images for choosing thresholds, with their labels: those held out, or where there are none some of those
    trained on."""
    wanted = subject.experiment.data
    if wanted.validation_images:
        images = data.load(wanted.source)
        last = slice(len(images.x_train) - wanted.validation_images, None)
        normal = ~np.isin(images.y_train[last], wanted.leave_out)
        if normal.any():
            return np.asarray(images.x_train[last])[normal][:HELD], np.asarray(images.y_train[last])[normal][:HELD]
    rows = some(len(subject.x_train), HELD)
    return np.asarray(subject.x_train[rows]), subject.y_train[rows]
