"""A small classifier of CIFAR-10's photographs, whose features compare sets of such images.

Its weights and its accuracy ship with the project and are made by `python -m tools.train_photo_classifier`. The network
is in `aecore.models.photo_classifier.network`; this module needs no torch.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import safetensors

WEIGHTS = Path(__file__).with_name("photos.safetensors")
SETS = ("cifar10",)
"""The image sets that it was trained on."""


def reads(data_name: str) -> bool:
    """Whether the classifier can read the images of that set."""
    return data_name in SETS


@cache
def accuracy() -> dict[str, float]:
    """Accuracy of the shipped classifier on the test images of each set, from 0 to 1."""
    with safetensors.safe_open(WEIGHTS, framework="np") as file:
        return json.loads(file.metadata()["accuracy"])
