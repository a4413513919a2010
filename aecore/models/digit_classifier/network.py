"""The digit classifier's network and its use."""

from __future__ import annotations

from functools import cache

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from aecore.models.digit_classifier import WEIGHTS

BATCH = 1000


class DigitClassifier(nn.Module):
    """Two convolutions and two dense layers; images (B, 1 or 3, 28, 28) in [0, 1] to ten scores (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),  # (B, 16, 28, 28)
            nn.ReLU(),
            nn.MaxPool2d(2),  # (B, 16, 14, 14)
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),  # (B, 32, 7, 7)
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, 48),
            nn.ReLU(),
            nn.Linear(48, 10),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.layers[-1](self.features(images))

    def features(self, images: Tensor) -> Tensor:
        """The numbers (B, 48) from which the last layer decides; ≥ 0."""
        # The brightest channel makes digits of any hue alike.
        return self.layers[:-1](images.amax(1, keepdim=True).clamp(0, 1))


@cache
def classifier(device: torch.device) -> DigitClassifier:
    """The shipped classifier, ready to use on `device`."""
    with torch.device("meta"):  # initialising weights would advance PyTorch's global generator
        model = DigitClassifier()
    model.load_state_dict(safetensors.torch.load_file(WEIGHTS), assign=True)
    return model.eval().to(device)


@torch.no_grad()
def read_digits(images: Tensor) -> np.ndarray:
    """The most likely digit of each image, uint8 (N,); images float (N, 1 or 3, 28, 28) in [0, 1], any device."""
    model = classifier(images.device)
    return torch.cat([model(batch).argmax(1) for batch in images.split(BATCH)]).to(torch.uint8).cpu().numpy()


@torch.no_grad()
def features(images: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The classifier's features of each image, float32 (N, 48), and its probabilities of the ten digits, float32
    (N, 10); images as for `read_digits`."""
    model = classifier(images.device)
    found = [model.features(batch) for batch in images.split(BATCH)]
    scores = [torch.softmax(model.layers[-1](part), 1) for part in found]
    return torch.cat(found).cpu().numpy(), torch.cat(scores).cpu().numpy()
