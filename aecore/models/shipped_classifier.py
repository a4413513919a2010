"""A classifier that ships with the project: its file, what it reads and how well. Needs no torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import safetensors


@dataclass(frozen=True)
class ShippedClassifier:
    """Weights with their accuracy in the metadata, and the image sets that they were trained on."""

    name: str
    weights: Path
    sets: tuple[str, ...]

    def reads(self, data_name: str) -> bool:
        """Whether the classifier can read the images of that set."""
        return data_name in self.sets

    @cache  # noqa: B019, there are two of these
    def accuracy(self) -> dict[str, float]:
        """Accuracy on the test images of each set, from 0 to 1."""
        with safetensors.safe_open(self.weights, framework="np") as file:
            return json.loads(file.metadata()["accuracy"])

    @cache  # noqa: B019
    def digest(self) -> str:
        """SHA-256 of the weights' file."""
        return hashlib.sha256(self.weights.read_bytes()).hexdigest()
