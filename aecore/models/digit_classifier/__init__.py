"""A small reader of handwritten digits: which digit does a reconstruction look like?

It replaces the eye that judged single images in report 002. Its weights and its own accuracy ship with the project
and are made by `python -m tools.train_classifier`; a count of wrong digits can be no better than that accuracy.
The network itself is in `aecore.models.digit_classifier.network`; what stands here needs no torch.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import safetensors

WEIGHTS = Path(__file__).with_name("digits.safetensors")
SETS = ("mnist", "colored-mnist", "colored-mnist-random")
"""The image sets whose images it was trained to read."""


def reads(data_name: str) -> bool:
    """Whether the classifier knows the images of that set."""
    return data_name in SETS


@cache
def accuracy() -> dict[str, float]:
    """Share of the test images of each set that the shipped classifier reads as labelled."""
    with safetensors.safe_open(WEIGHTS, framework="np") as file:
        return json.loads(file.metadata()["accuracy"])
