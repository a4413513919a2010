"""A small classifier of CIFAR-10's photographs, whose features compare sets of such images.

Its weights and its accuracy ship with the project and are made by `python -m tools.train_photo_classifier`. The network
is in `aecore.models.photo_classifier.network`; this module needs no torch.
"""

from __future__ import annotations

from pathlib import Path

from aecore.models.shipped_classifier import ShippedClassifier

WEIGHTS = Path(__file__).with_name("photos.safetensors")
SETS = ("cifar10",)
"""The image sets that it was trained on."""
CLASSIFIER = ShippedClassifier("photo classifier", WEIGHTS, SETS)
reads, accuracy = CLASSIFIER.reads, CLASSIFIER.accuracy
