"""A small classifier of handwritten digits, to decide which digit a reconstruction looks like.

It replaces the inspection of single images by eye in report 002. Its weights and its accuracy ship with the project
and are made by `python -m tools.train_classifier`; a count of wrong digits is no more accurate than that. The network
is in `aecore.models.digit_classifier.network`; this module needs no torch.
"""

from __future__ import annotations

from pathlib import Path

from aecore.models.shipped_classifier import ShippedClassifier

WEIGHTS = Path(__file__).with_name("digits.safetensors")
SETS = ("mnist", "colored-mnist", "colored-mnist-random")
"""The image sets that it was trained on."""
CLASSIFIER = ShippedClassifier("digit classifier", WEIGHTS, SETS)
reads, accuracy = CLASSIFIER.reads, CLASSIFIER.accuracy
