"""A small classifier of handwritten digits, to decide which digit a reconstruction looks like.

It replaces the inspection of single images by eye in report 002. Its weights and its accuracy ship with the project
and are made by `python -m tools.train_classifier`; a count of wrong digits is no more accurate than that. The network
is in `aecore.models.digit_classifier.network`; this module needs no torch.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import safetensors

WEIGHTS = Path(__file__).with_name("digits.safetensors")
SETS = ("mnist", "colored-mnist", "colored-mnist-random")
"""The image sets that it was trained on."""


def reads(data_name: str) -> bool:
    """Whether the classifier can read the images of that set."""
    return data_name in SETS


@cache
def accuracy() -> dict[str, float]:
    """Accuracy of the shipped classifier on the test images of each set, from 0 to 1."""
    with safetensors.safe_open(WEIGHTS, framework="np") as file:
        return json.loads(file.metadata()["accuracy"])
