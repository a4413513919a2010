"""The features in which sets of images are compared: those of a small classifier that ships with the project.

Features of a network for photographs say little about digits, so every kind of images has a classifier of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch import Tensor

from aecore.models import digit_classifier, photo_classifier
from aecore.models.shipped_classifier import ShippedClassifier


class Features(NamedTuple):
    """Of N images: `values` float32 (N, n), and the classifier's `probabilities` float32 (N, classes)."""

    values: np.ndarray
    probabilities: np.ndarray


class Extractor(NamedTuple):
    """A classifier as a source of features: what it is, its accuracy on the test images of the set, 0 to 1, and the
    function of images float (N, C, H, W) in [0, 1]."""

    classifier: ShippedClassifier
    accuracy: float
    features: Callable[[Tensor], Features]

    @property
    def name(self) -> str:
        return self.classifier.name


def extractor(data_name: str) -> Extractor | None:
    """The extractor for the images of that set, None where the project has none."""
    if digit_classifier.reads(data_name):
        from aecore.models.digit_classifier.network import features

        chosen = digit_classifier.CLASSIFIER
    elif photo_classifier.reads(data_name):
        from aecore.models.photo_classifier.network import features

        chosen = photo_classifier.CLASSIFIER
    else:
        return None
    return Extractor(chosen, chosen.accuracy()[data_name], lambda images: Features(*features(images)))
