"""The photo classifier's network and its use."""

from __future__ import annotations

from functools import cache

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from aecore.models.photo_classifier import WEIGHTS

BATCH = 250
WIDTHS = (32, 48, 96, 96)
"""Channels of the convolutions. Each halves the image, the first by its stride, the others by the pooling after it, but
for the last."""


class PhotoClassifier(nn.Module):
    """Four convolutions; images (B, 3, 32, 32) in [0, 1] to ten scores (B, 10).

    In training a batch normalisation follows each convolution (`normalised`); what ships has it folded into the
    weights.
    """

    def __init__(self, normalised: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for number, width in enumerate(WIDTHS):
            layers.append(nn.Conv2d(before, width, 3, 1 if number else 2, padding=1, bias=not normalised))
            layers += [nn.BatchNorm2d(width)] if normalised else []
            layers.append(nn.ReLU())
            layers += [nn.MaxPool2d(2)] if number in (1, 2) else []  # (B, width, 16, 16), then 8, 4 and 4
            before = width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(before, 10)

    def features(self, images: Tensor) -> Tensor:
        """The numbers (B, 96) from which the last layer decides: the mean of each channel, ≥ 0."""
        return self.body(images * 4 - 2).mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))


@cache
def classifier(device: torch.device) -> PhotoClassifier:
    """The shipped classifier, ready to use on `device`."""
    with torch.device("meta"):  # initialising weights would advance PyTorch's global generator
        model = PhotoClassifier()
    weights = {name: value.float() for name, value in safetensors.torch.load_file(WEIGHTS).items()}
    model.load_state_dict(weights, assign=True)
    return model.eval().to(device)


@torch.no_grad()
def features(images: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The features of each image, float32 (N, 96), and the probabilities of the ten classes, float32 (N, 10); images
    float (N, 3, 32, 32) in [0, 1]."""
    model = classifier(images.device)
    found = [model.features(batch.clamp(0, 1)) for batch in images.split(BATCH)]
    scores = [torch.softmax(model.head(part), 1) for part in found]
    return torch.cat(found).cpu().numpy(), torch.cat(scores).cpu().numpy()
